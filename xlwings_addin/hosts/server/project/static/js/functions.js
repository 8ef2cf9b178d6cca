// Between Excel and the functions of xlwings: a cell itself goes as its address, and an error of the server
// becomes the error value that the cell shows. Excel shows a message only beside #VALUE! and #N/A, so every
// message is told to the task pane too.
"use strict";
{
  const { cellPositions, token } = JSON.parse(document.getElementById("addin").textContent);
  const codes = {
    "#N/A": "notAvailable",
    "#NUM!": "invalidNumber",
    "#VALUE!": "invalidValue",
  };

  const tell = (name, invocation, message) =>
    document.dispatchEvent(
      new CustomEvent("cell-answered", { detail: { name, address: invocation.address, message } }),
    );

  // xlwings reads it before every request. The manifest puts the key into the address of this page; in
  // development the page itself carries a token.
  globalThis.getAuth = async () => ({
    token: new URLSearchParams(globalThis.location.search).get("key") ?? token,
    provider: "",
  });

  const associate = CustomFunctions.associate;
  CustomFunctions.associate = (name, call) =>
    associate(name, async (...given) => {
      const invocation = given[given.length - 1];
      for (const position of cellPositions[name] ?? []) {
        const address = invocation.parameterAddresses?.[position];
        if (address) given[position] = [[address]];
      }
      let result;
      try {
        result = await call(...given);
      } catch (error) {
        tell(name, invocation, error.message);
        throw error;
      }
      const cell = result?.[0]?.[0];
      tell(name, invocation, cell?.message ?? "");
      if (!cell?.message) return result;
      throw new CustomFunctions.Error(CustomFunctions.ErrorCode[codes[cell.basicValue]], cell.message);
    });
}
