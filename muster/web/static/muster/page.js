// Focus goes to the error summary of a refused form, else to the scan field where there is one.
const first = document.querySelector("[data-takes-focus]") ?? document.querySelector("[data-scan]");
first?.focus();

// "/" leads to the scan field from anywhere but a field.
document.addEventListener("keydown", (event) => {
  const scan = document.querySelector("[data-scan]");
  if (scan && event.key === "/" && !event.target.closest("input, textarea, select")) {
    event.preventDefault();
    scan.focus();
  }
});

// The board refreshes itself. When that fails, or the answer holds no board (a sign-in that has ended), what stands there
// stays, and says that it is paused.
const paused = document.querySelector("#paused");
if (paused) {
  const pause = (is) => { paused.hidden = !is; };
  document.addEventListener("htmx:before:swap", (event) => {
    const whole = event.detail.ctx.response.status < 400 && event.detail.ctx.text.includes('id="board"');
    pause(!whole);
    if (!whole) event.preventDefault();
  });
  document.addEventListener("htmx:error", () => pause(true));
}
