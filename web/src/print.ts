// SPDX-License-Identifier: Apache-2.0
//
// Paper cannot be clicked: what is folded is opened for it, and folded again.

export function openDetailsInPrint(): void {
  let opened: HTMLDetailsElement[] = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll<HTMLDetailsElement>("details:not([open])")];
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
  });
}
