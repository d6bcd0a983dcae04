"""Stock as somebody would keep it on paper: everything in the order in which it happens, one thing at a time."""

from collections import deque
from dataclasses import dataclass, field

from gen_data.simulate.stock import CANCEL, PLACE, RETURN

HOUR = 3_600_000_000
NEAREST = {"north": "HAN DAD SGN", "central": "DAD SGN HAN", "south": "SGN DAD HAN"}
REGIONS, WAREHOUSES = tuple(NEAREST), ("HAN", "DAD", "SGN")


@dataclass
class SlowCell:
    number: int
    safety: int
    reorder_point: int
    target: int
    lots: deque = field(default_factory=deque)
    reserved: int = 0
    on_order: int = 0
    expected_at: int | None = None
    below_since: int | None = None
    sequence: int = 0

    @property
    def on_hand(self):
        return sum(pieces for _, pieces, _ in self.lots)

    @property
    def available(self):
        return self.on_hand - self.reserved


@dataclass
class SlowLine:
    product: int
    quantity: int
    region: str
    warehouse: str | None = None
    is_refused: bool = False
    issue_cost: int = 0


class SlowStock:
    """``cells`` by product and warehouse; ``log`` and ``states`` are tuples in the order of the columns of Log and CellStates."""

    def __init__(self, cells, lines, unit_cost, lead_days, smallest, noise):
        self.cells, self.lines = cells, lines
        self.unit_cost, self.lead_days, self.smallest, self.noise = unit_cost, lead_days, smallest, noise
        self.log, self.states = [], []

    def run(self, events, suspended, end):
        """``events`` are (at, key, kind, line, quantity)."""
        for event, is_suspended in zip(events, suspended, strict=True):
            self.receive(lambda cell, at=event[0]: cell.expected_at <= at)
            self.happen(*event, is_suspended)
        self.receive(lambda cell: cell.expected_at < end)

    def receive(self, is_due):
        while due := [item for item in self.cells.items() if item[1].expected_at is not None and is_due(item[1])]:
            (product, warehouse), cell = min(due, key=lambda item: item[1].expected_at)
            at, quantity, cell.on_order, cell.expected_at = cell.expected_at, cell.on_order, 0, None
            drawn = int(self.noise[1][(cell.number * 7919 + cell.sequence + 1) % len(self.noise[1])])
            cost = self.unit_cost[product] * (960_000 + 80_000 * drawn // 10**6) // 10**6
            self.come(product, warehouse, 0, quantity, cost - cost % self.smallest, -1, at, -1 - cell.number)

    def come(self, product, warehouse, kind, quantity, cost, line, at, step):
        cell = self.cells[product, warehouse]
        cell.lots.append([cell.sequence + 1, quantity, cost])
        self.note(product, warehouse, kind, quantity, cell.sequence + 1, cost, quantity, line, at, step)
        self.look(cell, at, step)

    def happen(self, at, key, kind, line_number, quantity, is_suspended):
        line = self.lines[line_number]
        if kind == PLACE:
            self.place(line, at, key, is_suspended)
            return
        if line.is_refused:
            return
        cell = self.cells[line.product, line.warehouse]
        if kind == RETURN:
            self.come(line.product, line.warehouse, 2, quantity, line.issue_cost, line_number, at, key)
            return
        cell.reserved -= quantity
        if kind != CANCEL:
            while quantity:
                lot = cell.lots[0]
                taken = min(quantity, lot[1])
                lot[1] -= taken
                quantity -= taken
                if not lot[1]:
                    cell.lots.popleft()
                line.issue_cost = lot[2]
                self.note(line.product, line.warehouse, 1, -taken, lot[0], lot[2], lot[1], line_number, at, key)
        self.look(cell, at, key)

    def place(self, line, at, key, is_suspended):
        changed = set()
        for warehouse in NEAREST[line.region].split():
            cell = self.cells[line.product, warehouse]
            if cell.available >= line.quantity:
                cell.reserved += line.quantity
                line.warehouse = warehouse
                changed.add(warehouse)
                break
        line.is_refused = line.warehouse is None
        for warehouse in WAREHOUSES:
            cell = self.cells[line.product, warehouse]
            wanted = cell.target - cell.available
            if not is_suspended and not cell.on_order and cell.available <= cell.reorder_point and wanted > 0:
                drawn = int(self.noise[0][(cell.number * 7919 + cell.sequence) % len(self.noise[0])])
                seconds = self.lead_days[line.product] * 86_400 * (700_000 + 600_000 * drawn // 10**6) // 10**6
                cell.on_order, cell.expected_at = wanted, at + max(seconds * 1_000_000, 6 * HOUR)
                changed.add(warehouse)
            if warehouse in changed:
                self.look(cell, at, key)

    def note(self, product, warehouse, kind, quantity, lot, cost, lot_after, line, at, step):
        cell = self.cells[product, warehouse]
        cell.sequence += 1
        position = WAREHOUSES.index(warehouse)
        self.log.append((product, position, cell.sequence, kind, quantity, lot, cost, lot_after, cell.on_hand, line, at, step))

    def look(self, cell, at, step):
        if cell.available >= cell.safety:
            cell.below_since = None
        elif cell.below_since is None:
            cell.below_since = at
        self.states.append((cell.number, at, step, cell.on_hand, cell.reserved, cell.on_order, cell.expected_at, cell.below_since))
