--- Buffers of ours that are shown again and again. One that was deleted, in whichever
--- way, has lost its text, its keys and its options: it is made anew.
local api = vim.api

local M = {}

local made = {} ---@type table<string, integer> by name

--- Tells whether a buffer is as it was made.
---@param buf? integer
---@return boolean
function M.there(buf)
  return buf ~= nil and api.nvim_buf_is_loaded(buf) and vim.b[buf].pygent == true -- :bdelete drops variables
end

---@param name string
---@param filetype string
---@return integer
function M.make(name, filetype)
  local old = made[name]
  if old and api.nvim_buf_is_valid(old) then
    api.nvim_buf_delete(old, { force = true }) -- it still has the name
  end
  local buf = api.nvim_create_buf(false, true)
  made[name] = buf
  api.nvim_buf_set_name(buf, name)
  api.nvim_buf_set_var(buf, 'pygent', true)
  vim.bo[buf].bufhidden = 'hide'
  vim.bo[buf].filetype = filetype
  return buf
end

return M
