"""The pages, in the order in which people meet them."""

from django.urls import path

from muster.web.views import board, counter, counter_forms, demonstration, history, home, public

urlpatterns = [
    path("", home.home, name="home"),
    path("public/", public.index, name="public"),
    path("public/<str:mission>/", public.mission, name="public-mission"),
    path("public/<str:mission>/figures.json", public.figures_json, name="public-figures-json"),
    path("public/<str:mission>/figures.csv", public.figures_csv, name="public-figures-csv"),
    path("account/signup/", home.no_sign_up, name="no-sign-up"),
    path("demonstration/<str:token>/", demonstration.sign_in, name="demonstration"),
    path("counter/", counter.counters, name="counters"),
    path("counter/<slug:site>/", counter.counter, name="counter"),
    path("counter/<slug:site>/receive/", counter_forms.receive, name="receive"),
    path("counter/<slug:site>/hand-over/", counter_forms.hand_over, name="hand-over"),
    path("counter/<slug:site>/offers/<uuid:handover>/", counter_forms.answer, name="answer"),
    path("counter/<slug:site>/headcount/", counter_forms.headcount, name="headcount"),
    path("counter/<slug:site>/headcount/<uuid:count>/", counter_forms.count, name="count"),
    path("things/<uuid:thing>/", history.history, name="history"),
    path("board/", board.board, name="board"),
    path("board/differences/<uuid:difference>/", board.settle, name="settle"),
]
