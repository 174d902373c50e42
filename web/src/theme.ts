// SPDX-License-Identifier: Apache-2.0
//
// Light and dark: as the system says, until the reader chooses.

import { button } from "./dom";

export function themeButton(): HTMLButtonElement {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = false;
  const toggle = button("", () => {
    chosen = true;
    show(root.dataset["theme"] === "dark" ? "light" : "dark");
  });
  const show = (theme: "light" | "dark"): void => {
    root.dataset["theme"] = theme;
    toggle.textContent = theme === "dark" ? "Light theme" : "Dark theme";
  };
  show(system.matches ? "dark" : "light");
  system.addEventListener("change", () => chosen || show(system.matches ? "dark" : "light"));
  return toggle;
}
