-- Runs each spec in a new editor: nvim -l test/run.lua [name…]
local here = vim.fs.dirname(vim.fs.abspath(arg[0]))
local failed, ran = {}, 0
for name in vim.fs.dir(here .. '/spec') do
  local wanted = #arg == 0
  for _, part in ipairs(arg) do
    wanted = wanted or name:find(part, 1, true) ~= nil
  end
  if wanted then
    ran = ran + 1
    local state = vim.fn.tempname()
    vim.fn.mkdir(state, 'p')
    local result = vim
      .system({ vim.env.NVIM_UNDER_TEST or vim.v.progpath, '--clean', '--headless', '-l', here .. '/spec/' .. name }, {
        text = true,
        env = { XDG_STATE_HOME = state, XDG_CONFIG_HOME = state, XDG_DATA_HOME = state, XDG_CACHE_HOME = state },
        timeout = 120000,
      })
      :wait()
    io.stdout:write(
      '== ',
      name,
      '\n',
      result.stdout,
      result.stderr,
      result.code == 0 and '' or ('code %d\n'):format(result.code)
    )
    if result.code ~= 0 or not result.stdout:find('\n0 of %d+ tests failed\n$') then
      failed[#failed + 1] = name
    end
    vim.fn.delete(state, 'rf')
  end
end
io.stdout:write(('%s: %d passed, %d failed\n'):format(vim.version(), ran - #failed, #failed))
os.exit(#failed == 0 and ran > 0 and 0 or 1)
