--- The highlight groups. Each is a link that a colour scheme may change.
local M = {}

M.links = {
  PygentUser = 'Title',
  PygentAgent = 'Title',
  PygentTool = 'Special',
  PygentFailed = 'DiagnosticError',
  PygentNote = 'Comment',
  PygentChange = 'Directory',
  PygentError = 'ErrorMsg',
  PygentReady = 'DiagnosticOk',
  PygentWorking = 'DiagnosticInfo',
  PygentAsks = 'DiagnosticWarn',
}

function M.define()
  for name, link in pairs(M.links) do
    vim.api.nvim_set_hl(0, name, { link = link, default = true })
  end
end

return M
