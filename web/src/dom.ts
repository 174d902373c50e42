// SPDX-License-Identifier: Apache-2.0
//
// Elements. Text only ever enters the page as text nodes and attribute values, never as markup.

export type Child = Node | string | null;

export type Attributes = Record<string, string>;

export function html<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  fill(element, attributes, children);
  return element;
}

export function button(label: string, onClick: () => void, attributes: Attributes = {}): HTMLButtonElement {
  const element = html("button", { type: "button", ...attributes }, label);
  element.addEventListener("click", onClick);
  return element;
}

// A select whose options are [value, label].
export function choice<T extends string>(label: string, options: [T, string][], chosen: T, onChange: (value: T) => void): HTMLLabelElement {
  const select = html("select", {}, ...options.map(([value, name]) => html("option", { value }, name)));
  select.value = chosen;
  select.addEventListener("change", () => onChange(select.value as T));
  return html("label", {}, label, " ", select);
}

// A name that came from outside: its direction of writing stays its own.
export function nameOf(text: string): HTMLElement {
  return html("bdi", { class: "name" }, text);
}

function fill(element: Element, attributes: Attributes, children: Child[]): void {
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.filter((child): child is Node | string => child !== null));
}
