// Focus goes to the error summary of a refused form, else to the scan field where there is one, else to the first field of a step.
const scan = document.querySelector("[data-scan]");
const first = document.querySelector("[data-takes-focus]") ?? scan
  ?? document.querySelector("form[data-first] :is(input:not([type=hidden]), select, textarea)");
first?.focus();

// "/" leads to the scan field from anywhere but a field.
document.addEventListener("keydown", (event) => {
  if (scan && event.key === "/" && !event.target.closest("input, textarea, select")) {
    event.preventDefault();
    scan.focus();
  }
});

// A scanner types more than 6 characters, each within 35 ms, and then Enter. Outside a field that is a scan, and never a press of the
// button that has the focus: it goes to the scan field where there is one, else the page says that it was not taken.
let burst = "";
let typedAt = 0;
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input:not([type=checkbox]), textarea, select")) return;
  if (event.timeStamp - typedAt > 35) burst = "";
  typedAt = event.timeStamp;
  if (event.key.length === 1) {
    burst += event.key;
  } else if (event.key === "Enter" && burst.length > 6) {
    event.preventDefault();
    if (scan) {
      scan.value = burst;
      scan.form.requestSubmit();
    } else {
      const note = document.querySelector("[data-scan-note]");
      if (note) note.textContent = "A scan was read while this step waits. It was not taken: finish this step first.";
    }
    burst = "";
  }
});
