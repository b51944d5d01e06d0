--- The log: one file with the server's stderr and the plugin's errors. Messages to the user
--- are one line that says what to do; tracebacks are only in the log.
local text = require('pygent.text')
local M = {}

--- From this size on, the log is renamed when a server starts.
local MAX_BYTES = 1024 * 1024
--- How much of the log is shown.
local SHOWN_BYTES = 64 * 1024

---@return string
function M.path()
  local dir = vim.fn.stdpath('log') --[[@as string]]
  if not pcall(vim.fn.mkdir, dir, 'p') or vim.fn.filewritable(dir) ~= 2 then
    dir = vim.fs.dirname(vim.fn.tempname()) -- a temporary log, which the editor deletes at its end
  end
  return vim.fs.joinpath(dir, 'pygent.log')
end

--- Renames a large log and returns where the new part begins.
---@return integer bytes
function M.rotate()
  local path = M.path()
  local stat = vim.uv.fs_stat(path)
  if stat and stat.size > MAX_BYTES then
    vim.uv.fs_rename(path, path .. '.old')
    return 0
  end
  return stat and stat.size or 0
end

---@param message string
function M.write(message)
  local file = io.open(M.path(), 'a')
  if file then
    file:write(os.date('!%Y-%m-%dT%H:%M:%SZ '), message, '\n')
    file:close()
  end
end

--- The lines of the log from a byte on, at most the last 64 KiB.
---@param from? integer
---@return string[]
function M.tail(from)
  local file = io.open(M.path(), 'r')
  if not file then
    return {}
  end
  local size = file:seek('end')
  file:seek('set', math.max(from or 0, size - SHOWN_BYTES))
  local lines = vim.split(text.safe(file:read('*a')), '\n', { plain = true, trimempty = true })
  file:close()
  return lines
end

--- Shows the user one line that does not make the screen wait for a key.
---@param message string
---@param level? integer of vim.log.levels
function M.notify(message, level)
  M.write(message)
  vim.schedule(function()
    vim.cmd.redraw() -- else a list of choices on the screen would make it wait for a key
    vim.notify('pygent: ' .. text.line(message, vim.o.columns - 22), level or vim.log.levels.INFO)
  end)
end

---@param message string
function M.error(message) M.notify(message, vim.log.levels.ERROR) end

--- Wraps a function: its error is logged and shown in one line.
---@generic F: function
---@param fn F
---@return F
function M.guard(fn)
  return function(...)
    local function failed(err)
      if tostring(err):find('Keyboard interrupt', 1, true) then
        return -- <C-c> in a list of choices: the user chose nothing
      end
      M.write(debug.traceback(tostring(err), 2))
      M.error('a fault in the plugin: see :Pygent log')
    end
    local result = vim.F.pack_len(xpcall(fn, failed, ...))
    if result[1] then
      return unpack(result, 2, result.n)
    end
  end
end

--- Shows the end of the log.
function M.open()
  local buf = vim.api.nvim_create_buf(false, true)
  local lines = M.tail()
  table.insert(lines, 1, M.path())
  vim.api.nvim_buf_set_lines(buf, 0, -1, false, lines)
  vim.bo[buf].modifiable = false
  vim.bo[buf].bufhidden = 'wipe'
  vim.api.nvim_open_win(buf, true, { split = 'below', height = 15 })
  vim.api.nvim_win_set_cursor(0, { #lines, 0 })
end

return M
