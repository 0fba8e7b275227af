"""Nobody has logged in: where to do so."""

from __future__ import annotations

import streamlit as st

from dashboard import reader, shell

say = reader.language()
st.title(say("Bẫy đèn"), anchor=False)
st.write(say("Hãy đăng nhập để xem số liệu của đơn vị."))
st.link_button(say("Đăng nhập"), shell.sign_in_url(), type="primary")
