// Files that a page hands to whoever uses it. SPDX-License-Identifier: Apache-2.0

/** As a download of the browser's own. */
export function saveFile(name: string, type: string, content: string): void {
  const file = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = file;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(file), 1_000);
}
