--- Files of the workspace and their buffers. Paths from the server are data: they
--- are joined with the workspace, never with a command.
local M = {}

---@param path string
---@return string
local function real(path) return vim.uv.fs_realpath(path) or path end

--- The path of a file of the workspace, or nil for one that is outside.
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

--- The path of a buffer's file in the workspace, or nil.
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

--- Files whose buffers have changes that are not written. The server is told, so
--- that nobody writes below the user's hands.
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

--- Tells that a file is left alone because its buffer has changes of its own.
---@param path string
function M.unwritten(path)
  local message = ('%s has changes that are not written: write them first'):format(path)
  require('pygent.log').notify(message, vim.log.levels.WARN)
end

--- Loads buffers whose files were changed on disk, with their undo kept. One that
--- has changes of its own is left alone, and so is one whose file is gone.
---@param root string
---@param paths? string[] absent: all
function M.reload(root, paths)
  local undoreload = vim.go.undoreload
  vim.go.undoreload = -1 -- whatever the size
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

--- What a prompt gets of a buffer: lines of it, as they are in the editor.
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
