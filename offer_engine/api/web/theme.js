// Turns the system's preference, or the visitor's own choice, into data-theme on the root element.
//
// A classic script, loaded in the head: it runs before the first paint, so a dark room is never flashed white. The
// choice is kept in this browser only; a browser that forbids storage simply forgets it.
(() => {
  const KEY = "aislewise.theme";
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;

  function kept() {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  }

  function apply() {
    root.dataset.theme = kept() ?? (prefersDark.matches ? "dark" : "light");
    root.dispatchEvent(new CustomEvent("themechange"));
  }

  /** Switches between light and dark; choosing what the system prefers follows the system again. */
  function toggle() {
    const next = root.dataset.theme === "dark" ? "light" : "dark";
    try {
      if ((next === "dark") === prefersDark.matches) localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, next);
    } catch {
      root.dataset.theme = next;
      root.dispatchEvent(new CustomEvent("themechange"));
      return;
    }
    apply();
  }

  apply();
  prefersDark.addEventListener("change", apply);
  addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-theme-toggle]")) {
      const label = () => {
        button.textContent = root.dataset.theme === "dark" ? "Light" : "Dark";
      };
      label();
      root.addEventListener("themechange", label);
      button.addEventListener("click", toggle);
    }
  });
})();
