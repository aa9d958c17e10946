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
