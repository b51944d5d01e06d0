-- Delegated agents: the list, their output, a collected file; and resumed sessions.
local h = dofile(vim.fs.joinpath(vim.fs.dirname(vim.fs.dirname(arg[0])), 'helpers.lua'))

h.setup(h.model({ h.says('Hello from the first.') }, {
  ['Write a report.'] = {
    h.calls('write_file', { path = 'report.txt', content = 'all is well\n' }),
    h.says('The report is written.'),
  },
  ['Never end.'] = { h.calls('bash', { cmd = 'sleep 600', timeout = 600 }), h.says('not reached') },
}))

local function list()
  local lines = vim.api.nvim_buf_get_lines(h.buffer('pygent://tasks'), 0, -1, false)
  return table.concat(lines, '\n')
end

---@param key string
---@param row integer
local function press(key, row)
  vim.api.nvim_set_current_win(vim.fn.win_findbuf(h.buffer('pygent://tasks'))[1])
  vim.api.nvim_win_set_cursor(0, { row + 2, 0 })
  vim.api.nvim_feedkeys(vim.keycode(key), 'x', false)
end

h.test('a task runs, is listed, and ends with a message', function()
  local states = {}
  vim.api.nvim_create_autocmd('User', {
    pattern = 'PygentTaskChanged',
    callback = function(event) states[event.data.task.state] = true end,
  })
  vim.cmd('Pygent task Write a report.')
  vim.cmd('Pygent tasks')
  h.wait('end', function() return list():find('finished', 1, true) end)
  h.has(list(), 'Write a report.')
  h.has(list(), '2 steps · 1 file')
  h.wait('message', function() return table.concat(h.told, '\n'):find(': finished', 1, true) end)
  h.same(true, states.finished)
end)

h.test('what is older than what is known is dropped', function()
  local tasks = require('pygent.tasks')
  local known = tasks.all()[1]
  local function told(revision) return vim.tbl_extend('force', known, { revision = revision, state = 'running' }) end
  h.told = {}
  tasks.changed(told(known.revision - 1))
  h.same({ known, 0, {} }, { tasks.all()[1], tasks.running(), h.told })
  tasks.changed(told(known.revision + 1))
  h.same(1, tasks.running())
  local restored = vim.tbl_extend('force', known, { revision = known.revision + 2 })
  tasks.changed(restored)
  h.same(0, tasks.running())
end)

h.test('its output is shown', function()
  press('<CR>', 1)
  local buf = vim.api.nvim_get_current_buf()
  local function shown() return table.concat(vim.api.nvim_buf_get_lines(buf, 0, -1, false), '\n') end
  h.wait('output', function() return shown():find('The report is written.', 1, true) end)
  h.has(shown(), '✓ Write: report.txt')
  vim.cmd.close()
end)

h.test('a choice that is interrupted is none', function()
  h.told = {}
  vim.ui.select = function() error('Keyboard interrupt') end -- as the editor's own does on <C-c>
  vim.api.nvim_set_vvar('errmsg', '')
  press('C', 1)
  vim.wait(50)
  h.same({ {}, '' }, { h.told, vim.v.errmsg })
  h.same(nil, h.read('report.txt'))
end)

h.test('a file is collected', function()
  h.choose('report.txt')
  press('C', 1)
  h.wait('file', function() return h.read('report.txt') end)
  h.same('all is well\n', h.read('report.txt'))
end)

h.test('a task is cancelled and removed', function()
  vim.cmd('Pygent task Never end.')
  h.wait('start', function() return list():find('running', 1, true) end)
  press('c', 2)
  h.wait('end', function() return list():find('cancelled', 1, true) end)
  press('x', 2)
  h.wait('removal', function() return not list():find('Never end', 1, true) end)
end)

h.test('an earlier conversation goes on', function()
  vim.cmd('Pygent chat')
  h.ask('Hello.')
  h.has(h.chat(), 'Hello from the first.')
  local state = require('pygent.session').state()
  local first = state.id
  vim.cmd('Pygent new')
  h.wait('another session', function() return state.id and state.id ~= first end)
  h.lacks(h.chat(), 'Hello from the first.')
  local seen = {}
  vim.ui.select = function(items, options, done)
    for i, item in ipairs(items) do
      seen[i] = options.format_item(item)
      if item.sessionId == first then
        done(item)
      end
    end
  end
  vim.cmd('Pygent sessions')
  h.wait('history', function() return h.chat():find('Hello from the first.', 1, true) end)
  h.same(first, state.id)
  h.has(table.concat(seen, '\n'), 'Hello.')
  h.has(table.concat(seen, '\n'), vim.fs.basename(h.root))
  h.has(h.chat(), '## You\nHello.')
end)

h.finish()
