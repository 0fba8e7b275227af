"""`healthcheck URL`: ends with 0 when the address answers 200. `healthcheck --fresh FILE S`: when a file is that young.

For the health checks of containers; without imports of ours, for it is started each few seconds.
"""

import os
import sys
import time
import urllib.request

words = sys.argv[1:]
if words[0] == "--fresh":
    is_well = time.time() - os.stat(words[1]).st_mtime < float(words[2])
else:
    # The address stands in docker-compose.yml.
    is_well = urllib.request.urlopen(words[0], timeout=4).status == 200  # noqa: S310
sys.exit(0 if is_well else 1)
