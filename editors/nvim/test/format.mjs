// Formats the plugin's Lua by stylua.toml: node format.mjs [--check]
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as stylua from '@johnnymorganz/stylua'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const options = Object.fromEntries(
  readFileSync(join(root, 'stylua.toml'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('='))
    .map((line) => line.split('=').map((s) => s.trim().replaceAll('"', ''))),
)

// The formatter consumes its settings object, so each file needs a new one.
function config() {
  const c = stylua.Config.new()
  c.column_width = Number(options.column_width)
  c.indent_type = stylua.IndentType[options.indent_type]
  c.indent_width = Number(options.indent_width)
  c.quote_style = stylua.QuoteStyle[options.quote_style]
  c.collapse_simple_statement = stylua.CollapseSimpleStatement[options.collapse_simple_statement]
  return c
}

const generated = join(root, 'lua', 'pygent', 'protocol.lua')
const check = process.argv.includes('--check')
const files = readdirSync(root, { recursive: true })
  .filter((name) => name.endsWith('.lua') && !name.includes('node_modules'))
  .map((name) => join(root, name))
  .filter((name) => name !== generated)
let differ = 0
for (const file of files) {
  const before = readFileSync(file, 'utf8')
  const after = stylua.formatCode(before, config(), undefined, stylua.OutputVerification.Full)
  if (before === after) continue
  differ++
  console.log(check ? `${file}: run node editors/nvim/test/format.mjs` : file)
  if (!check) writeFileSync(file, after)
}
process.exitCode = check && differ > 0 ? 1 : 0
