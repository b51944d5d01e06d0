-- The changes of a turn: diff, undo and redo.
local h = dofile(vim.fs.joinpath(vim.fs.dirname(vim.fs.dirname(arg[0])), 'helpers.lua'))
local patches = require('pygent.patch')

h.write('a|b.txt', 'one\ntwo\nthree\n')
h.write('gone.txt', 'was here\n')
h.setup(h.model({
  h.calls('bash', { cmd = "sed -i s/two/2/ 'a|b.txt'; rm gone.txt; echo new > new.txt" }),
  h.says('Changed.'),
  h.calls('write_file', { path = 'dos.txt', content = 'one\r\n2\r\n' }),
  h.says('Changed too.'),
}))

--- Shows the diff of one file and returns both sides.
---@param path string
---@param of? string[] all files that the turn changed
---@return string[] before, string[] after
local function sides(path, of)
  local seen = h.choose(path)
  local tabs = #vim.api.nvim_list_tabpages()
  vim.cmd('Pygent diff')
  h.wait('diff', function() return #vim.api.nvim_list_tabpages() > tabs end)
  h.same(of or { 'a|b.txt', 'gone.txt', 'new.txt' }, seen.labels)
  local found = {}
  for _, win in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
    h.same(true, vim.wo[win].diff)
    local before = vim.wo[win].winbar == 'before the turn'
    found[before] = vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(win), 0, -1, false)
  end
  vim.cmd.tabclose()
  return found[true], found[false]
end

h.test('a turn is shown beside what was', function()
  local _, result = h.ask('Change it.')
  h.same(3, #result.changes)
  local before, after = sides('a|b.txt')
  h.same({ { 'one', 'two', 'three' }, { 'one', '2', 'three' } }, { before, after })
  before, after = sides('gone.txt')
  h.same({ { 'was here' }, { '' } }, { before, after })
  before, after = sides('new.txt')
  h.same({ { '' }, { 'new' } }, { before, after })
end)

--- Runs :Pygent undo and returns what it says.
local function undo()
  h.told = {}
  vim.cmd('Pygent undo')
  h.wait('message', function() return #h.told > 0 end)
  return h.told[1]
end

h.test('undo, and undo of the undo', function()
  local buf = vim.fn.bufadd(h.root .. '/a|b.txt')
  vim.fn.bufload(buf)
  h.has(undo(), '3 files changed back')
  h.same('one\ntwo\nthree\n', h.read('a|b.txt'))
  h.same('was here\n', h.read('gone.txt'))
  h.same(nil, h.read('new.txt'))
  h.same({ 'one', 'two', 'three' }, vim.api.nvim_buf_get_lines(buf, 0, -1, false))
  h.has(undo(), '3 files changed back')
  h.same('one\n2\nthree\n', h.read('a|b.txt'))
  h.same('new\n', h.read('new.txt'))
end)

h.test('what was changed since is left alone and named', function()
  h.write('a|b.txt', 'mine\n')
  h.has(undo(), '2 undone, 1 not: a|b.txt')
  h.same('mine\n', h.read('a|b.txt'))
end)

h.test('nothing is undone below changes that are not written', function()
  local buf = vim.fn.bufadd(h.root .. '/new.txt')
  vim.fn.bufload(buf)
  vim.api.nvim_buf_set_lines(buf, 0, -1, false, { 'mine' })
  h.has(undo(), 'new.txt has changes that are not written')
end)

h.test('a file whose lines end in CR LF', function()
  h.write('dos.txt', 'one\r\ntwo\r\n')
  vim.cmd('silent! bwipeout! new.txt')
  h.ask('Change that.')
  local before, after = sides('dos.txt', {})
  h.same({ { 'one', 'two' }, { 'one', '2' } }, { before, after })
end)

h.test('patches are read backwards', function()
  local patch =
    '--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\n--- b\n+++ c\n@@ -5,0 +6,2 @@\n+x\n+y\n\\ No newline at end of file\n'
  h.same({ 'a', '-- b', 'k', 'l', 'm' }, patches.reverse({ 'a', '++ c', 'k', 'l', 'm', 'x', 'y' }, patch))
  h.same(nil, patches.reverse({ 'other', '++ c', 'k', 'l', 'm', 'x', 'y' }, patch))
  h.same({ 'only' }, patches.reverse({}, '@@ -1 +0,0 @@\n-only\n'))
  h.same({}, patches.reverse({ 'only' }, '@@ -0,0 +1 @@\n+only\n'))
end)

h.finish()
