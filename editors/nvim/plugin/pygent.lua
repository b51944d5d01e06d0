-- Everything else is loaded at first use.
if vim.g.loaded_pygent then
  return
end
vim.g.loaded_pygent = 1
vim.api.nvim_create_user_command('Pygent', function(args) require('pygent.command').run(args) end, {
  nargs = '*',
  range = true,
  desc = 'Pygent, a coding agent',
  complete = function(...) return require('pygent.command').complete(...) end,
})
for _, name in ipairs({ 'chat', 'ask', 'fix', 'diff', 'undo', 'rewind', 'tasks', 'answer', 'stop' }) do
  vim.keymap.set({ 'n', 'x' }, ('<Plug>(pygent-%s)'):format(name), (':Pygent %s<CR>'):format(name), { silent = true })
end
