-- Buffers of the plugin that the user deletes, and a chat that is opened late.
local h = dofile(vim.fs.joinpath(vim.fs.dirname(vim.fs.dirname(arg[0])), 'helpers.lua'))
local session = require('pygent.session')

h.setup(h.model({
  h.says('One.'),
  h.says('Two.'),
  h.calls('bash', { cmd = 'echo begun; while [ ! -e go ]; do sleep 0.1; done', timeout = 600 }),
  h.says('Three.'),
}, { ['Delegated.'] = { h.says('Done.') } }))

--- Waits until the chat has a text, and returns all its text.
---@param part string
---@return string
local function shows(part)
  h.wait(part, function() return h.chat():find(part, 1, true) end)
  return h.chat()
end

---@param name string
---@return string[] keys of normal mode
local function keys(name)
  local list = vim.tbl_map(function(map) return map.lhs end, vim.api.nvim_buf_get_keymap(h.buffer(name), 'n'))
  table.sort(list)
  return list
end

h.test('a chat that is opened after a turn has it', function()
  h.ask('First.')
  vim.cmd('Pygent chat')
  h.has(shows('One.'), 'First.')
end)

for _, command in ipairs({ 'bdelete', 'bwipeout', 'bunload' }) do
  h.test('the chat comes back after :' .. command, function()
    local mapped, before = { keys('pygent://chat'), keys('pygent://message') }, h.chat()
    for _, name in ipairs({ 'pygent://chat', 'pygent://message' }) do
      vim.cmd[command]({ args = { tostring(h.buffer(name)) }, bang = true })
    end
    require('pygent.chat').event({ kind = 'notice', text = 'while it is away' }) -- must not fail
    vim.wait(100)
    vim.cmd('Pygent chat')
    vim.cmd.stopinsert()
    h.has(shows('One.'), before:match('## You.*$'))
    h.same(mapped, { keys('pygent://chat'), keys('pygent://message') })
    h.same('nofile', vim.bo[h.buffer('pygent://message')].buftype)
  end)
end

h.test('a turn goes on after all buffers were deleted', function()
  local result
  h.ask('Second.')
  require('pygent').ask('Third.', nil, function(_, r) result = r end)
  shows('begun')
  vim.cmd('%bdelete!')
  vim.cmd('Pygent chat')
  h.has(shows('▸ Run'), 'Two.')
  h.write('go', '')
  h.wait('end', function() return result end)
  local shown = shows('Three.')
  h.has(shown, '✓ Run: echo begun')
  h.same(1, select(2, shown:gsub('Third%.', '')))
  h.same(1, select(2, shown:gsub('Three%.', '')))
  h.same('', vim.v.errmsg)
end)

h.test('the list of tasks comes back', function()
  vim.cmd('Pygent tasks')
  local mapped = keys('pygent://tasks')
  vim.cmd('bdelete!')
  h.told = {}
  vim.cmd('Pygent task Delegated.')
  h.wait('end', function()
    return vim.iter(h.told):any(function(s) return s:find('finished') end)
  end)
  h.lacks(table.concat(h.told, '\n'), 'fault')
  vim.cmd('Pygent tasks')
  h.same(mapped, keys('pygent://tasks'))
  h.has(vim.api.nvim_buf_get_lines(0, 2, 3, false)[1], 'finished')
end)

h.test('another conversation waits for the end of the turn', function()
  vim.fn.delete(h.root .. '/go')
  local id = session.state().id
  session.state().running.turn = true
  for _, command in ipairs({ 'new', 'sessions', 'rewind', 'undo' }) do
    h.told = {}
    h.choose('')
    vim.cmd('Pygent ' .. command)
    h.wait('message', function() return #h.told > 0 end)
    h.has(h.told[1], 'a turn runs: :Pygent stop ends it')
  end
  h.same(id, session.state().id)
  session.state().running.turn = nil
end)

h.test('messages that wait are counted', function()
  session.state().running = { a = true, b = true, c = true }
  h.has(require('pygent.bar').rest(), '· 2 queued')
  session.state().running = { a = true }
  h.lacks(require('pygent.bar').rest(), 'queued')
  session.state().running = {}
end)

h.finish()
