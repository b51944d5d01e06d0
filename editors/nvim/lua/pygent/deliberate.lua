--- Prevents accidental answers by keys that were meant for something else. An answer counts
--- only if its first key comes at least a second after the choices.
local M = {}

M.QUIET = 1000 -- milliseconds

--- Milliseconds of a monotonic clock.
---@return number
function M.now() return vim.uv.hrtime() / 1e6 end

--- Drops keys that were typed ahead, because they must not answer the next request.
function M.flush()
  while vim.fn.getchar(0) ~= 0 do
  end
end

local ns = vim.api.nvim_create_namespace('pygent.deliberate')

--- Makes a callback for vim.ui.select or vim.ui.input. It calls early instead of fn if the
--- answer was begun too soon. Call this right before the choices are shown.
---@generic T
---@param early fun()
---@param fn fun(choice: T?)
---@return fun(choice: T?)
function M.answer(early, fn)
  M.flush()
  local shown, first = M.now(), nil ---@type number, number?
  vim.on_key(function() first = first or M.now() end, ns)
  return function(choice)
    vim.on_key(nil, ns)
    if choice ~= nil and (first or M.now()) - shown < M.QUIET then
      return early()
    end
    fn(choice)
  end
end

return M
