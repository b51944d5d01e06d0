-- Everything else is loaded when it is first used.
if vim.g.loaded_pygent then
  return
end
vim.g.loaded_pygent = 1
local function run(args)
  if vim.fn.has('nvim-0.11') == 0 then
    return vim.notify('pygent needs Neovim 0.11 or newer', vim.log.levels.ERROR)
  end
  require('pygent.command').run(args)
end
local function complete(...) return require('pygent.command').complete(...) end
local options = { nargs = '*', range = true, desc = 'Pygent, a coding agent', complete = complete }
vim.api.nvim_create_user_command('Pygent', run, options)
for _, name in ipairs({ 'chat', 'ask', 'fix', 'diff', 'undo', 'rewind', 'tasks', 'answer', 'stop' }) do
  vim.keymap.set({ 'n', 'x' }, ('<Plug>(pygent-%s)'):format(name), (':Pygent %s<CR>'):format(name), { silent = true })
end
