--- The current events of a session: a rewind removes turns, and a rewind to that rewind
--- restores them. It knows events, but not the editor.
local Trail = {}
Trail.__index = Trail

local M = {}

---@class pygent.Trail
---@field seq integer number of the newest event
---@field rewound? string the last rewind, until the next turn
---@field private last pygent.TrailLink|false the newest current event
---@field private before table<string, pygent.TrailLink|false> by turn, rewind or revert: the last event before it

---@class pygent.TrailLink
---@field event pygent.Event
---@field prev pygent.TrailLink|false

---@class pygent.TrailTurn
---@field id string
---@field words string of the user
---@field changes? pygent.Change[] nil: not known, such as for a rewind

---@return pygent.Trail
function M.new() return setmetatable({ seq = 0, last = false, before = {} }, Trail) end

--- Adds the next event. Events must be added in the order of their numbers.
---@param event pygent.Event
function Trail:add(event)
  self.seq = event.seq or self.seq
  local id = event.turnId
  if id and self.before[id] == nil then
    self.before[id] = self.last
  end
  if event.kind == 'rewound' then
    self.last = self.before[event.toTurnId] or false
    self.rewound = id
  else
    if event.kind == 'turnStarted' then
      self.rewound = nil
    end
    self.last = { event = event, prev = self.last }
  end
end

--- The current events, oldest first.
---@return pygent.Event[]
function Trail:events()
  local list, link = {}, self.last
  while link do
    list[#list + 1] = link.event
    link = link.prev
  end
  return vim.iter(list):rev():totable()
end

--- The current turns, newest first. A turn that continues another one, after an approval of
--- a killed server, has no message and counts as part of that turn.
---@return pygent.TrailTurn[]
function Trail:turns()
  local turns = {}
  for _, event in ipairs(self:events()) do
    if event.kind == 'message' and event.role == 'user' and event.turnId then
      local latest = turns[1]
      if not latest or latest.id ~= event.turnId then
        table.insert(turns, 1, { id = event.turnId, words = event.text or '', changes = {} })
      end
    elseif event.kind == 'turnFinished' and turns[1] then
      vim.list_extend(turns[1].changes, event.changes or {})
    end
  end
  return turns
end

return M
