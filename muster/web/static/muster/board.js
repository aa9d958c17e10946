// The board refreshes itself. When that fails, or the answer holds no board (a sign-in that has ended), what stands there
// stays, and says that it is paused.
const paused = document.querySelector("#paused");
const pause = (is) => { paused.hidden = !is; };
document.addEventListener("htmx:before:swap", (event) => {
  const whole = event.detail.ctx.response.status < 400 && event.detail.ctx.text.includes('id="board"');
  pause(!whole);
  if (!whole) event.preventDefault();
});
document.addEventListener("htmx:error", () => pause(true));

// Of a refreshed board only what newly needs action is read out, never the whole board.
const needing = () => new Map([...document.querySelectorAll("[data-action]")].map((item) => [item.dataset.action, item.textContent.trim()]));
let known = needing();
document.addEventListener("htmx:after:swap", () => {
  const now = needing();
  const fresh = [...now].filter(([key]) => !known.has(key)).map(([, words]) => words);
  if (fresh.length) document.querySelector("#announced").textContent = `Needs action: ${fresh.join("; ")}`;
  known = now;
});
