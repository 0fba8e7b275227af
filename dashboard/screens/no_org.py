"""Somebody has logged in who belongs to no org, or there is none yet."""

from __future__ import annotations

from dashboard import panels, reader

say = reader.language()
panels.empty(
    say("Tài khoản này chưa thuộc đơn vị nào."),
    [
        say("Hãy nhờ người quản trị thêm tài khoản vào đơn vị."),
        say("Máy chủ mới: đăng ký bẫy đầu tiên thì đơn vị được tạo ra."),
    ],
)
