// Holds a Grafana dashboard to the types of Grafana, as its makers publish them: node types.mjs DASHBOARD.json

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const here = import.meta.dirname;
const schema = (name) => `../node_modules/@grafana/schema/dist/types/raw/${name}/x/types.gen`;

// What is an enum there is a text or a number in JSON.
const source = [
  `import type { Dashboard, Panel, RowPanel } from "${schema("dashboard")}";`,
  `import type { Options as timeseries, FieldConfig } from "${schema("composable/timeseries/panelcfg")}";`,
  `import type { Options as stat } from "${schema("composable/stat/panelcfg")}";`,
  `import type { Options as heatmap } from "${schema("composable/heatmap/panelcfg")}";`,
  `import type { Dataquery } from "../node_modules/@grafana/grafana-foundation-sdk/dist/prometheus/types.gen";`,
  "type Query = Omit<Dataquery, '_implementsDataqueryVariant'>;",
  "type Json<T> = T extends number ? number : T extends string ? `${T}` : T extends (infer U)[] ? Json<U>[]",
  "  : T extends object ? { [K in keyof T]: Json<T[K]> } : T;",
];
const is = (type, value) => source.push(`export const v${source.length}: Json<${type}> = ${JSON.stringify(value)};`);

const { panels, ...board } = JSON.parse(readFileSync(process.argv[2], "utf8"));
is("Omit<Dashboard, 'panels'>", board);
for (const whole of panels) {
  if (whole.type === "row") {
    is("RowPanel", whole);
    continue;
  }
  const { options, fieldConfig, targets, ...panel } = whole;
  const { custom, ...defaults } = fieldConfig.defaults;
  is("Omit<Panel, 'options' | 'fieldConfig' | 'targets'>", panel);
  is(`Partial<${whole.type}>`, options);
  is("Omit<NonNullable<Panel['fieldConfig']>['defaults'], 'custom'>", defaults);
  if (whole.type === "timeseries") is("FieldConfig", custom);
  for (const target of targets) is("Query", target);
}

// Below node_modules' folder, where the types are found.
const folder = mkdtempSync(join(here, "types-"));
try {
  const file = join(folder, "dashboard.ts");
  writeFileSync(file, source.join("\n"));
  const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "es2022", "--moduleResolution", "bundler"];
  execFileSync(join(here, "node_modules/.bin/tsc"), [...options, file], { stdio: ["ignore", "pipe", "inherit"] });
} catch (error) {
  console.error(error.stdout?.toString() ?? error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
