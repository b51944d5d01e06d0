--- The changes of a turn: their diffs, and undo.
local files = require('pygent.files')
local log = require('pygent.log')
local patches = require('pygent.patch')
local protocol = require('pygent.protocol')
local session = require('pygent.session')
local text = require('pygent.text')
local api = vim.api

local M = {}

---@param method string
---@param params table
---@param done fun(result: table)
local function request(method, params, done)
  session.open(function(failed)
    if not failed then
      params.sessionId = session.state().id
      session.request(method, params, done)
    end
  end)
end

---@param lines string[]
---@param filetype string
---@return integer buf
local function scratch(lines, filetype)
  local buf = api.nvim_create_buf(false, true)
  api.nvim_buf_set_lines(buf, 0, -1, false, lines)
  vim.bo[buf].bufhidden, vim.bo[buf].modifiable, vim.bo[buf].syntax = 'wipe', false, filetype
  return buf
end

--- Shows a patch as text, for files that cannot be shown side by side.
---@param patch string
local function show_patch(patch) api.nvim_open_win(scratch(text.exact(patch), 'diff'), true, { split = 'below' }) end

--- Shows a file beside its earlier text, in a new tab page.
---@param path string
---@param patch string
local function show_split(path, patch)
  local name = files.absolute(session.state().root, path)
  local buf = name and vim.fn.bufadd(name)
  if not buf then
    return show_patch(patch)
  end
  vim.fn.bufload(buf)
  local lines = api.nvim_buf_get_lines(buf, 0, -1, false)
  if not vim.uv.fs_stat(name) then
    lines = {}
  end
  local before = patches.reverse(lines, vim.bo[buf].fileformat == 'dos' and patch:gsub('\r\n', '\n') or patch)
  if not before then
    log.notify('the file was changed since: this is the patch')
    return show_patch(patch)
  end
  vim.cmd.tabnew()
  vim.bo.bufhidden = 'wipe'
  vim.bo[buf].buflisted = true
  api.nvim_win_set_buf(0, buf)
  vim.cmd.diffthis()
  vim.wo.winbar = 'now'
  local win = api.nvim_open_win(scratch(before, vim.bo[buf].filetype), false, { split = 'left', win = 0 })
  vim.wo[win].winbar = 'before the turn'
  api.nvim_win_call(win, vim.cmd.diffthis)
end

--- Shows a turn's changes of a file.
---@param path string
---@param turn string
function M.show(path, turn)
  request(protocol.methods.filesDiff, { turnId = turn, paths = { path } }, function(result)
    local file = result.files[1]
    if not file or file.binary or result.patch == '' then
      return log.notify(file and file.binary and 'this file is binary' or 'nothing is left of this change')
    end
    show_split(path, result.patch)
  end)
end

--- Lets the user choose one of the files that the last turn changed, and shows it.
function M.diff()
  local state = session.state()
  local paths = vim.tbl_map(function(c) return c.path end, state.changes)
  if #paths == 0 then
    return log.notify('no turn of this conversation has changed files')
  elseif #paths == 1 then
    return M.show(paths[1], state.changed_turn)
  end
  vim.ui.select(
    paths,
    { prompt = 'Changed:', kind = 'pygent.diff', format_item = function(p) return text.line(p) end },
    function(path)
      if path then
        M.show(path, state.changed_turn)
      end
    end
  )
end

--- Undoes the changes of the last turn, or the last undo.
function M.undo()
  if not require('pygent.turn').idle() then
    return
  end
  local dirty = {}
  for _, path in ipairs(files.dirty(session.state().root or '') or {}) do
    dirty[path] = true
  end
  for _, change in ipairs(session.state().changes) do
    if dirty[change.path] then
      return files.unwritten(change.path)
    end
  end
  request(protocol.methods.filesRevert, {}, function(result)
    files.reload(session.state().root)
    local first = result.conflicts[1]
    if first then
      return log.notify(
        ('%d undone, %d not: %s: %s'):format(#result.applied, #result.conflicts, first.path, first.reason),
        vim.log.levels.WARN
      )
    end
    log.notify(text.many(#result.applied, 'file') .. ' changed back; :Pygent undo again brings the change back')
  end)
end

return M
