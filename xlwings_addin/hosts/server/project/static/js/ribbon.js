// The buttons of the ribbon do what those of the task pane do.
"use strict";
for (const action of ["refresh", "check"]) {
  Office.actions.associate(`${action}-model`, async (event) => {
    try {
      await globalThis.model[action]();
    } finally {
      event.completed();
    }
  });
}
