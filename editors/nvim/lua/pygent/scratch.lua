--- The plugin's buffers that are shown repeatedly. A buffer that the user has deleted, in any
--- way, has lost its text, keys and options, so it is made again.
local api = vim.api

local M = {}

local made = {} ---@type table<string, integer> by name

--- Whether a buffer still exists with its text, keys and options.
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
    api.nvim_buf_delete(old, { force = true }) -- it still occupies the name
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
