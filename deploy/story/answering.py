"""The story goes on: a form that is answered."""

from .form import FormPage, participations, text_answers, until_written
from .names import ANOTHER_PROFILE, THAT_PROFILE, WIN_BACK, WIN_BACK_ANSWER, definition
from .scenarios import activate
from .scene import Scene, StoryWentWrong, expect


def answer_the_form(scene: Scene) -> None:
    """A form is answered by a profile, which changes its answers, by anybody, and by a third party's form."""
    b2c = scene.client("b2c")
    b2c.ensure("forms", "create", "entities/b2c", "win-back", "--file", definition("win-back"))
    public = FormPage(b2c("forms", "publish", WIN_BACK)["publicUrl"])
    if scene.has("automation") and scene.has("messaging"):
        # Before anybody answers: participations begin it from now on.
        activate(b2c, WIN_BACK_ANSWER)
    link = ("forms", "link", WIN_BACK, "--profile", THAT_PROFILE, "--hidden", "origin=story")
    personal = FormPage(b2c(*link)["url"])

    page = personal.get()
    if "We would like you back" not in page or "story" in page or "What is it?" in page:
        raise StoryWentWrong("The form's page shows what it should not, or not what it should.")
    expect("a page without its required answers", personal.refusal(reason="other"), 422)
    if not participations(b2c, WIN_BACK):
        personal.send(reason="other", detail="I moved to Ghent & <b>Bruges</b>.", rating="4")
        expect("field written by the form", until_written(b2c, THAT_PROFILE, "leavingReason"), "other")
        if "&lt;b&gt;Bruges" not in personal.get():
            raise StoryWentWrong("The form does not show the answers that it has.")
    # The detail is not shown for this reason, and the origin never: what is posted for them is dropped.
    ending = personal.send(reason="price", detail="still there?", rating="5", origin="forged")
    if "We have listened" not in ending:
        raise StoryWentWrong("The form does not end as it should.")
    if len(participations(b2c, WIN_BACK)) < 2:
        public.send(reason="choice", rating="3", origin="forged")
    push = ("forms", "participations", "push", WIN_BACK, "--profile", ANOTHER_PROFILE, "--request-id", "story-push")
    b2c(*push, "--data", '{"reason":"price","rating":2,"origin":"call centre"}')
    expect("field written by a third party", until_written(b2c, ANOTHER_PROFILE, "leavingReason"), "price")

    found = participations(b2c, WIN_BACK)
    expect(
        "participations",
        [(each["source"].removeprefix("PARTICIPATION_SOURCE_"), text_answers(each)) for each in found],
        [
            ("PERSONAL_LINK", {"reason": "price", "rating": "5", "origin": "story"}),
            ("PUBLIC_LINK", {"reason": "choice", "rating": "3"}),
            ("API", {"reason": "price", "rating": "2", "origin": "call centre"}),
        ],
    )
    expect("edits of the personal participation", found[0].get("edits"), 1)
    expect("profile of the anonymous participation", found[1].get("profile"), None)
    # The first answer is the one that enriches.
    expect("field after the change", until_written(b2c, THAT_PROFILE, "leavingReason"), "other")
    scene.figures["participations"] = len(found)
