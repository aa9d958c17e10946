"""The pages, in the order in which people meet them."""

from django.urls import path

from muster.web.views import board, history, home

urlpatterns = [
    path("", home.home, name="home"),
    path("board/", board.board, name="board"),
    path("things/<uuid:thing>/", history.history, name="history"),
]
