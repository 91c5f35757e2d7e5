// Runs before the first paint, so that a chosen theme never flashes the other one.
(function () {
  var choice = null;
  try {
    choice = JSON.parse(localStorage.getItem("pipewright.theme"));
  } catch (error) {
    // Storage may be switched off; the system's theme is fine then.
  }
  var dark = choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
