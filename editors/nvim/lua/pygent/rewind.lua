--- Rewinding: restores the conversation and the files to their state before a message, which
--- the user can then edit. A rewind can be undone.
local files = require('pygent.files')
local kept = require('pygent.kept')
local log = require('pygent.log')
local protocol = require('pygent.protocol')
local session = require('pygent.session')
local text = require('pygent.text')

local M = {}

--- A file that the rewind would write although its buffer has unwritten changes, or nil.
---@param turns pygent.TrailTurn[] newest first
---@param to pygent.TrailTurn the oldest turn to remove; an undone rewind has no known changes
---@return string? path
local function below(turns, to)
  local dirty = files.dirty(session.state().root) or {}
  if not to.changes then
    return dirty[1]
  end
  for _, turn in ipairs(turns) do
    for _, change in ipairs(turn.changes) do
      if vim.tbl_contains(dirty, change.path) or vim.tbl_contains(dirty, change.from) then
        return change.path
      end
    end
    if turn.id == to.id then
      return nil
    end
  end
end

---@param turns pygent.TrailTurn[]
---@param to pygent.TrailTurn
---@param done fun(words: string)
local function go(turns, to, done)
  local path = below(turns, to)
  if path then
    return files.unwritten(path)
  end
  local state = session.state()
  local id, root = state.id, state.root
  session.request(protocol.methods.sessionRewind, { sessionId = id, turnId = to.id }, function(result)
    files.reload(root)
    kept.read(id, function(found, cut)
      kept.show(id, vim.uri_from_fname(root), found, cut)
      for _, conflict in ipairs(result.conflicts) do
        local left = ('%s is left as it is: %s'):format(conflict.path, conflict.reason)
        session.tell({ kind = 'notice', level = 'warning', text = left })
      end
      done((text.words(to.words)))
    end)
  end)
end

---@param turn pygent.TrailTurn
---@return string
local function label(turn)
  if not turn.changes then
    return 'undo the last going back'
  end
  local changed = #turn.changes > 0 and ' · ' .. text.many(#turn.changes, 'file') or ''
  return text.line((text.words(turn.words)), 60) .. changed
end

--- Lets the user choose a message and rewinds to before it. done gets the message.
---@param done fun(words: string)
function M.choose(done)
  if not require('pygent.turn').idle() then
    return
  end
  session.open(function(failed)
    if failed then
      return
    end
    kept.read(session.state().id, function(found)
      local turns = found:turns()
      local choices = vim.list_extend({}, turns)
      if found.rewound then
        table.insert(choices, 1, { id = found.rewound, words = '' })
      end
      if #choices == 0 then
        return log.notify('nothing was said yet')
      end
      local options = { prompt = 'Back to before:', kind = 'pygent.rewind', format_item = label }
      vim.ui.select(choices, options, function(turn)
        if turn then
          go(turns, turn, done)
        end
      end)
    end)
  end)
end

return M
