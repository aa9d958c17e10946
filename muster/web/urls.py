"""The pages, in the order in which people meet them."""

from django.urls import path

from muster.web.views import board, counter, history, home

urlpatterns = [
    path("", home.home, name="home"),
    path("counter/", counter.counters, name="counters"),
    path("counter/<slug:site>/", counter.counter, name="counter"),
    path("things/<uuid:thing>/", history.history, name="history"),
    path("board/", board.board, name="board"),
]
