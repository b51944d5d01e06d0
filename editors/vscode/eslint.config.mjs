import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
  { ignores: ["dist/**", "bin/**", "**/node_modules/**", "src/protocol.ts", "**/*.mjs", "test/**"] },
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        project: ["./tsconfig.json", "./src/webview/tsconfig.json"],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      eqeqeq: "error",
      "max-lines": ["error", 200],
      "max-lines-per-function": ["error", 60],
      "no-restricted-syntax": [
        "error",
        {
          selector: "AssignmentExpression[left.property.name=/^(inner|outer)HTML$/][right.callee.name!='render']",
          message: "Only what markdown.ts rendered may become HTML.",
        },
        {
          selector: "CallExpression[callee.property.name='insertAdjacentHTML']",
          message: "Make elements with dom.ts.",
        },
      ],
      // Numbers in templates are readable; undefined is not.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // () => this.emitter.fire() is clear.
      "@typescript-eslint/no-confusing-void-expression": "off",
    },
  },
);
