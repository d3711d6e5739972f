// What axe finds on a page against WCAG 2.2 A and AA, each fault on one line.
import axe from "axe-core";

export const WCAG = { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"] };

export async function found(page, runOnly) {
  await page.evaluate(axe.source);
  const run = (runOnly) => globalThis.axe.run(document, { runOnly, resultTypes: ["violations"] });
  const { violations } = await page.evaluate(run, runOnly);
  return violations.map(({ id, help, nodes }) => {
    const some = nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} (${node.any.concat(node.all)
      .map((one) => one.message).join("; ").slice(0, 200)})`);
    return `${id}: ${help}; ${nodes.length} times: ${some.join(" | ").replaceAll("\n", " ")}`;
  });
}
