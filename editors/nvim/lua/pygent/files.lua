--- Files of the workspace and their buffers. Paths from the server are data: they are joined
--- to the workspace's path, never put into a command.
local M = {}

---@param path string
---@return string
local function real(path) return vim.uv.fs_realpath(path) or path end

--- The absolute path of a file in the workspace, or nil if it is outside.
---@param root string
---@param path string relative, with slashes
---@return string?
function M.absolute(root, path)
  if path:find('^[/\\]') or path:find('^%a:') or path:find('%z') then
    return nil
  end
  for part in path:gmatch('[^/]+') do
    if part == '..' then
      return nil
    end
  end
  return root .. '/' .. path
end

--- The path of a buffer's file relative to the workspace, or nil.
---@param root string
---@param buf integer
---@return string?
function M.relative(root, buf)
  local name = vim.api.nvim_buf_get_name(buf)
  if name == '' or vim.bo[buf].buftype ~= '' then
    return nil
  end
  local dir, base = vim.fs.dirname(name), vim.fs.basename(name)
  local inside = vim.fs.relpath(real(root), real(dir))
  return inside and (inside == '.' and base or inside .. '/' .. base)
end

--- The loaded buffers that are files.
---@return integer[]
function M.buffers()
  return vim.tbl_filter(
    function(buf) return vim.api.nvim_buf_is_loaded(buf) and vim.bo[buf].buftype == '' end,
    vim.api.nvim_list_bufs()
  )
end

--- Files whose buffers have unwritten changes. The server gets them, so that the agent does
--- not overwrite files that the user edits.
---@param root string
---@return string[]?
function M.dirty(root)
  local paths = {}
  for _, buf in ipairs(M.buffers()) do
    if vim.bo[buf].modified then
      paths[#paths + 1] = M.relative(root, buf)
    end
  end
  return #paths > 0 and paths or nil
end

--- Tells the user that a file stays as it is, because its buffer has unwritten changes.
---@param path string
function M.unwritten(path)
  local message = ('%s has changes that are not written: write them first'):format(path)
  require('pygent.log').notify(message, vim.log.levels.WARN)
end

--- Reloads buffers whose files were changed on disk and keeps their undo. It skips buffers
--- with unwritten changes and buffers whose file is gone.
---@param root string
---@param paths? string[] absent: all
function M.reload(root, paths)
  local undoreload = vim.go.undoreload
  vim.go.undoreload = -1 -- for files of any size
  for _, buf in ipairs(M.buffers()) do
    local path = not vim.bo[buf].modified and M.relative(root, buf)
    local wanted = path and (not paths or vim.tbl_contains(paths, path))
    if wanted and vim.uv.fs_stat(vim.api.nvim_buf_get_name(buf)) then
      local autoread = vim.bo[buf].autoread
      vim.bo[buf].autoread = true
      pcall(vim.cmd.checktime, buf)
      vim.bo[buf].autoread = autoread
    end
  end
  vim.go.undoreload = undoreload
end

--- Lines of a buffer as context of a prompt.
---@param root string
---@param buf integer
---@param first integer
---@param last integer
---@return pygent.ContextItem
function M.selection(root, buf, first, last)
  local lines = vim.api.nvim_buf_get_lines(buf, first - 1, last, false)
  local name = vim.api.nvim_buf_get_name(buf)
  return {
    path = M.relative(root, buf) or (name ~= '' and name or nil),
    range = { start = first, ['end'] = last },
    text = table.concat(lines, '\n') .. '\n',
  }
end

return M
