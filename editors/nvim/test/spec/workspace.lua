-- The directory in which the agent works, and directories in which it must not work.
local h = dofile(vim.fs.joinpath(vim.fs.dirname(vim.fs.dirname(arg[0])), 'helpers.lua'))
local session = require('pygent.session')

local env = h.env()
env.HOME = h.dir .. '/home'
local other = h.dir .. '/other'
vim.fn.mkdir(env.HOME, 'p')
vim.fn.mkdir(other .. '/.git', 'p')
vim.fn.writefile({ 'there' }, other .. '/file.txt')
local model = h.model({ h.calls('bash', { cmd = 'cat file.txt' }), h.says('Read.') })
h.setup(model, { env = env })
require('pygent.config').get().root = nil -- as without a setting

h.test('the home directory is refused with a cure, and another directory is taken then', function()
  vim.cmd.cd(env.HOME)
  local refusal = 'it is the home directory; choose a directory below it; :cd to a project, or open a file of one'
  h.has(h.ask('Read.').message, refusal)
  vim.cmd.edit(other .. '/file.txt')
  local err, result = h.ask('Read.')
  h.same(nil, err)
  h.same('Read.', result.text)
  h.same(other, session.state().root)
end)

h.test('a session that cannot be opened is tried again from elsewhere', function()
  local function opened(name)
    local failed, done
    vim.cmd.enew()
    vim.cmd.cd(name)
    session.new(function(err)
      failed, done = err, true
    end)
    h.wait('answer', function() return done end)
    return failed
  end
  h.has(opened(env.HOME), 'it is the home directory; choose a directory below it; :cd to a project')
  vim.cmd.cd(h.root)
  vim.cmd('Pygent chat')
  h.wait('session', function() return session.state().id end)
  h.same(h.root, session.state().root)
end)

h.test('checkhealth looks at the program, not at where it is called', function()
  vim.cmd.cd(env.HOME)
  vim.cmd.checkhealth('pygent')
  local report
  h.wait('report', function()
    report = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n')
    return report:find('log: ', 1, true)
  end)
  h.has(report, 'the server speaks protocol 1')
  h.has(report, 'set OPENAI_API_KEY')
  h.lacks(report, 'home directory')
end)

h.finish()
