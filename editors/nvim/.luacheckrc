-- Neovim's own names; the plugin defines no global.
std = 'luajit'
read_globals = { 'vim' }
globals = { 'vim.bo', 'vim.wo', 'vim.go', 'vim.opt', 'vim.g', 'vim.ui', 'vim.api', 'vim.fn', 'vim.treesitter', 'vim.notify' }
exclude_files = { 'test/node_modules' }
max_line_length = 120
files['lua/pygent/protocol.lua'] = { max_line_length = false }
