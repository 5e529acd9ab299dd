// The forward pass, compiled once for each instruction set. The contract is recurrent.h; the equations stand
// in ops/cell.py.
#include "core/kernels.h"
#include "core/recurrent/cells.h"
#include "core/recurrent/mogrifier.h"

namespace gatewise {
namespace GATEWISE_TARGET {
namespace {

// How many steps' inputs are multiplied at once: enough rows for a full block of each rank that has part in
// them.
int steps_at_once(const RecurrentForward& call, int rows, int ranks) {
  const int block = call.by_units ? kRowBlock * ranks : kRowBlock;
  if (call.layer.mogrifier.rounds)
    return 1;  // what a step takes in depends on the one before
  return rows ? larger(1, smaller(call.layer.steps, block / rows)) : call.layer.steps;
}

// A row of one step: where its sums begin, what it sees of the step before, and where the results go.
struct Row {
  const float* sums;
  const float* operand;  // the hidden state as it enters the sums
  const float* h_old;
  const float* c_old;
  float* gates;  // null in inference
  float* h;
  float* c;
  float* masked;             // h times the recurrent mask, for the next step; null without a mask
  const float* mask;         // its recurrent mask
  const uint8_t* zoneout_h;  // its masks at this step; null: the rate counts
  const uint8_t* zoneout_c;
};

struct Scratch {
  float *packed_ih, *packed_hh, *zeros;
  float* packed_rounds;  // of a Mogrifier
  float* table;          // (V, GH) the sums of each symbol, with tokens
  float* masked;         // (2, B, H) hidden states times the recurrent mask, where there is one
  float* sums;           // (chunk, rows, GH) of this rank, by units of all, in inference without tokens
  Row* rows;             // of this rank
  size_t size;

  Scratch(const RecurrentForward& call, int index, int ranks) {
    const RecurrentLayer& layer = call.layer;
    const auto hidden = static_cast<size_t>(layer.hidden), width = hidden * layer.gates();
    Memory memory(call.scratch);
    packed_ih = memory.take(Panels(layer.features, static_cast<int>(width)).size());
    packed_hh = memory.take(cell_panels(layer.cell, layer.hidden, layer.hidden).size());
    packed_rounds = memory.take(GATEWISE_TARGET::packed_rounds(layer, layer.mogrifier.rounds, true));
    zeros = memory.take(hidden);
    table = layer.tokens ? memory.take(layer.symbols * width) : nullptr;
    masked = layer.recurrent_mask ? memory.take(2 * layer.batch * hidden) : nullptr;
    sums = nullptr;
    rows = nullptr;
    for (int k = 0; k < ranks; ++k) {
      const Share share = share_of(call, k);
      const int count = share.last - share.first;
      float* own_rows = memory.take(count * sizeof(Row) / sizeof(float));
      float* own_sums = nullptr;
      if (!call.gates && !layer.tokens && !(call.by_units && k > 0))
        own_sums = memory.take(static_cast<size_t>(steps_at_once(call, count, ranks)) * count * width);
      if (k == index)
        rows = reinterpret_cast<Row*>(own_rows);
      if (call.by_units ? k == 0 : k == index)
        sums = own_sums;
    }
    size = memory.used();
  }
};

// Step number `turn` of the walk, whose sums of row r stand at sums + (r - first) * GH unless tokens choose
// them.
void lay_out_step(const RecurrentForward& call, const Scratch& scratch, int turn, const float* sums,
                  int first, int end) {
  const RecurrentLayer& layer = call.layer;
  const auto H = static_cast<size_t>(layer.hidden), width = H * layer.gates(), slots = layer.batch * H;
  const Moment moment(layer, turn);
  for (int r = first; r < end; ++r) {
    const size_t state = r * H, units = at(layer, moment.t, r, H);
    const size_t c_before = call.gates ? moment.before * slots : 0,
                 c_after = call.gates ? moment.after * slots : 0;
    const bool seen = kept(layer, moment.t, r), memory = layer.cell == Cell::lstm;
    float* masked = scratch.masked ? scratch.masked + state : nullptr;
    Row& row = scratch.rows[r - first];
    row.sums = layer.tokens ? scratch.table + symbol(layer, moment.t, r) * width : sums + (r - first) * width;
    row.h_old = seen ? call.h + moment.before * slots + state : scratch.zeros;
    row.c_old = seen && memory ? call.c + c_before + state : scratch.zeros;
    row.operand = seen && masked ? masked + (turn % 2) * slots : row.h_old;
    if (layer.mogrifier.rounds) {
      row.operand = masked ? masked : layer.mogrifier.h + moment.before * slots + state;
      masked = nullptr;  // what the next step sees is not known yet
    }
    row.gates = call.gates ? call.gates + units * layer.gates() : nullptr;
    row.h = call.h + moment.after * slots + state;
    row.c = memory ? call.c + c_after + state : nullptr;
    row.masked = masked ? masked + ((turn + 1) % 2) * slots : nullptr;
    row.mask = masked ? layer.recurrent_mask + state : nullptr;
    row.zoneout_h = layer.zoneout_h ? layer.zoneout_h + units : nullptr;
    row.zoneout_c = layer.zoneout_c ? layer.zoneout_c + units : nullptr;
  }
}

template <int R, int V>
GATEWISE_INLINE void add_recurrent(Vec (&z)[R][V], const RecurrentLayer& layer, const Row* rows,
                                   const float* w) {
  const float* operand[R];
  GATEWISE_UNROLL
  for (int r = 0; r < R; ++r)
    operand[r] = rows[r].operand;
  multiply_rows<R, V>(z, operand, w, layer.hidden, layer.batch == 1);
}

// Stores h of n units, after zoneout, and its masked copy for the next step.
GATEWISE_INLINE void store_hidden(const RecurrentLayer& layer, const Row& row, int unit, int n, Vec h) {
  if (row.zoneout_h || layer.rate_h > 0.0f) {
    const Vec share = kept_share(row.zoneout_h, layer.rate_h, unit, n);
    h = share * load(row.h_old + unit, n) + (1.0f - share) * h;  // a unit that is held keeps its bits
  }
  store(row.h + unit, h, n);
  if (row.masked)
    store(row.masked + unit, h * load(row.mask + unit, n), n);
}

template <int R, int V>
struct LstmTile {
  static void run(const RecurrentLayer& layer, const float* packed, const Panels& panels, int block,
                  const Row* rows) {
    static_assert(V == 4);
    const auto H = static_cast<size_t>(layer.hidden);
    const int unit = block * kLanes, n = smaller(kLanes, layer.hidden - unit);
    Vec z[R][4];
    Vec c_old[R];
    LstmUnits now[R];
    GATEWISE_UNROLL
    for (int r = 0; r < R; ++r) {
      GATEWISE_UNROLL
      for (int gate = 0; gate < 4; ++gate)
        z[r][gate] = load(rows[r].sums + gate * H + unit, n);
    }
    add_recurrent<R, 4>(z, layer, rows, packed + panels.offset(block));
    GATEWISE_UNROLL
    for (int r = 0; r < R; ++r)
      c_old[r] = load(rows[r].c_old + unit, n);
    lstm_units<R>(z, c_old, layer.peephole, H, unit, n, layer.activation, now);
    GATEWISE_UNROLL
    for (int r = 0; r < R; ++r) {
      const Row& row = rows[r];
      if (row.gates) {
        store(row.gates + unit, now[r].i, n);
        store(row.gates + H + unit, now[r].f, n);
        store(row.gates + 2 * H + unit, now[r].g, n);
        store(row.gates + 3 * H + unit, now[r].o, n);
      }
      Vec c = now[r].c;
      if (row.zoneout_c || layer.rate_c > 0.0f) {
        const Vec share = kept_share(row.zoneout_c, layer.rate_c, unit, n);
        c = share * c_old[r] + (1.0f - share) * c;
      }
      store(row.c + unit, c, n);
      store_hidden(layer, row, unit, n, now[r].h);
    }
  }
};

template <int R, int V>
struct RnnTile {
  static void run(const RecurrentLayer& layer, const float* packed, const Panels& panels, int panel,
                  const Row* rows) {
    const int first = panels.first_column(panel);
    Vec z[R][V];
    GATEWISE_UNROLL
    for (int r = 0; r < R; ++r) {
      GATEWISE_UNROLL
      for (int v = 0; v < V; ++v)
        z[r][v] = load(rows[r].sums + first + v * kLanes, smaller(kLanes, layer.hidden - first - v * kLanes));
    }
    add_recurrent<R, V>(z, layer, rows, packed + panels.offset(panel));
    GATEWISE_UNROLL
    for (int r = 0; r < R; ++r) {
      GATEWISE_UNROLL
      for (int v = 0; v < V; ++v) {
        const int unit = first + v * kLanes, n = smaller(kLanes, layer.hidden - unit);
        const Vec h = activate(layer.activation, z[r][v]);
        if (rows[r].gates)
          store(rows[r].gates + unit, h, n);
        store_hidden(layer, rows[r], unit, n, h);
      }
    }
  }
};

void take_step(const RecurrentLayer& layer, const float* packed, const Panels& panels, int first, int last,
               const Row* rows, int count) {
  const Parts tiles(count, kMostRows);
  for (int panel = first; panel < last; ++panel) {
    for (int tile = 0; tile < tiles.count; ++tile) {
      const Row* begin = rows + tiles.begin(tile);
      if (layer.cell == Cell::lstm)
        with_rows<LstmTile, 4, const RecurrentLayer&, const float*, const Panels&>(
            tiles.width(tile), layer, packed, panels, panel, begin);
      else
        with_tile<RnnTile, const RecurrentLayer&, const float*, const Panels&>(
            tiles.width(tile), panels.width(panel), layer, packed, panels, panel, begin);
    }
  }
}

// The sums from input and bias of some rows, block by block.
class InputSums {
 public:
  InputSums(const RecurrentLayer& layer, const float* packed)
      : layer_(layer), packed_(packed), panels_(layer.features, layer.gates() * layer.hidden) {}
  ~InputSums() { flush(); }
  InputSums(const InputSums&) = delete;
  InputSums& operator=(const InputSums&) = delete;

  void add(const float* x, float* sums) {
    x_[count_] = x;
    sums_[count_] = sums;
    if (++count_ == kRowBlock)
      flush();
  }

 private:
  void flush() {
    product(x_, sums_, count_, panels_, packed_, Start::bias, layer_.bias);
    count_ = 0;
  }

  const RecurrentLayer& layer_;
  const float* packed_;
  const Panels panels_;
  const float* x_[kRowBlock];
  float* sums_[kRowBlock];
  int count_ = 0;
};

void prepare(const RecurrentForward& call, const Scratch& scratch, const Rank& rank) {
  const RecurrentLayer& layer = call.layer;
  const auto width = static_cast<size_t>(layer.gates()) * layer.hidden,
             features = static_cast<size_t>(layer.features);
  const Panels input(layer.features, static_cast<int>(width));
  const Panels recurrent = cell_panels(layer.cell, layer.hidden, layer.hidden);
  pack_transposed(layer.weight_ih, features, input, rank.begin(input.count()), rank.end(input.count()),
                  scratch.packed_ih);
  pack_rounds(layer, rank, true, scratch.packed_rounds);
  pack_cell(layer.cell, layer.weight_hh, layer.hidden, layer.hidden, recurrent, rank.begin(recurrent.count()),
            rank.end(recurrent.count()), scratch.packed_hh);
  if (rank.index == 0) {
    for (int unit = 0; unit < layer.hidden; ++unit)
      scratch.zeros[unit] = 0.0f;
  }
  rank.wait();
  if (!layer.tokens)
    return;
  {
    InputSums sums(layer, scratch.packed_ih);
    for (int v = rank.begin(layer.symbols); v < rank.end(layer.symbols); ++v)
      sums.add(layer.x + static_cast<size_t>(v) * features, scratch.table + static_cast<size_t>(v) * width);
  }
  rank.wait();
}

// Rows that have not begun yet, walking in reverse, carry their initial state to where they will.
void carry(const RecurrentForward& call, const Scratch& scratch, int turn, int first, int last) {
  const auto H = static_cast<size_t>(call.layer.hidden), slots = call.layer.batch * H;
  const Moment moment(call.layer, turn);
  const auto copy = [&](float* states, size_t before, size_t after) {
    if (states && last > first)
      std::memcpy(states + after * slots + first * H, states + before * slots + first * H,
                  (last - first) * H * sizeof(float));
  };
  copy(call.h, moment.before, moment.after);
  if (call.gates)
    copy(call.c, moment.before, moment.after);
  copy(scratch.masked, static_cast<size_t>(turn % 2), static_cast<size_t>((turn + 1) % 2));
}

// The sums from input and bias of the steps [begin, end) of the walk, for the rows of a share; by units, the
// ranks divide these among themselves.
template <class SumsOf>
void add_inputs(const RecurrentForward& call, const Scratch& scratch, const Share& share, int begin, int end,
                const Rank& rank, const SumsOf& sums_of) {
  const RecurrentLayer& layer = call.layer;
  int total = 0, place = 0;
  for (int turn = begin; turn < end; ++turn)
    total += live_end(layer, Moment(layer, turn).t, share.first, share.last) - share.first;
  const int first = call.by_units ? rank.begin(total) : 0, last = call.by_units ? rank.end(total) : total;
  InputSums sums(layer, scratch.packed_ih);
  for (int turn = begin; turn < end; ++turn) {
    const int t = Moment(layer, turn).t;
    for (int row = share.first; row < live_end(layer, t, share.first, share.last); ++row, ++place) {
      if (place >= first && place < last)
        sums.add(layer.x + at(layer, t, row, static_cast<size_t>(layer.features)), sums_of(turn, t, row));
    }
  }
}

// The sums from input and bias of a step whose input a Mogrifier makes, for the rows [first, end).
template <class SumsOf>
void add_mogrified(const RecurrentForward& call, const Scratch& scratch, int turn, int first, int end,
                   const SumsOf& sums_of) {
  const RecurrentLayer& layer = call.layer;
  const auto D = static_cast<size_t>(layer.features), H = static_cast<size_t>(layer.hidden);
  const Moment moment(layer, turn);
  const auto h_seen = [&](int row) {
    return kept(layer, moment.t, row) ? call.h + (moment.before * layer.batch + row) * H : scratch.zeros;
  };
  for (int begin = first; begin < end; begin += kRowBlock)
    mogrify(layer, moment, begin, smaller(kRowBlock, end - begin), h_seen, scratch.packed_rounds,
            scratch.masked);
  InputSums sums(layer, scratch.packed_ih);
  for (int row = first; row < end; ++row)
    sums.add(layer.mogrifier.x + at(layer, moment.t, row, D), sums_of(turn, moment.t, row));
}

// What the first step sees, times the recurrent mask.
void mask_initial(const RecurrentForward& call, const Scratch& scratch, const Share& share) {
  const auto H = static_cast<size_t>(call.layer.hidden);
  const float* initial = call.h + Moment(call.layer, 0).before * call.layer.batch * H;
  for (size_t k = share.first * H; k < share.last * H; ++k)
    scratch.masked[k] = initial[k] * call.layer.recurrent_mask[k];
}

}  // namespace

void recurrent_forward(const RecurrentForward& call, const Rank& rank) {
  const RecurrentLayer& layer = call.layer;
  const auto width = static_cast<size_t>(layer.gates()) * layer.hidden;
  const Scratch scratch(call, rank.index, rank.count);
  const Share share = share_of(call, rank.index);
  if (scratch.masked && (rank.index == 0 || !call.by_units))
    mask_initial(call, scratch, share);
  prepare(call, scratch, rank);
  const int rows = share.last - share.first;
  const Panels panels = cell_panels(layer.cell, layer.hidden, layer.hidden);
  const int first = call.by_units ? rank.begin(panels.count()) : 0;
  const int last = call.by_units ? rank.end(panels.count()) : panels.count();
  const int chunk = steps_at_once(call, rows, rank.count);
  for (int begin = 0; begin < layer.steps && rows; begin += chunk) {
    const int end = smaller(layer.steps, begin + chunk);
    const auto sums_of = [&](int turn, int t, int row) {
      if (call.gates)
        return call.gates + at(layer, t, row, width);
      return scratch.sums + static_cast<size_t>((turn - begin) * rows + row - share.first) * width;
    };
    if (!layer.tokens && !layer.mogrifier.rounds) {
      add_inputs(call, scratch, share, begin, end, rank, sums_of);
      if (call.by_units)
        rank.wait();
    }
    for (int turn = begin; turn < end; ++turn) {
      const int t = Moment(layer, turn).t;
      const int live = live_end(layer, t, share.first, share.last);
      if (layer.mogrifier.rounds)
        add_mogrified(call, scratch, turn, share.first, live, sums_of);
      lay_out_step(call, scratch, turn, layer.tokens ? nullptr : sums_of(turn, t, share.first), share.first,
                   live);
      take_step(layer, scratch.packed_hh, panels, first, last, scratch.rows, live - share.first);
      if (layer.reverse && (rank.index == 0 || !call.by_units))
        carry(call, scratch, turn, live, share.last);
      if (call.by_units)
        rank.wait();
    }
  }
}

size_t recurrent_forward_scratch(const RecurrentForward& call, int ranks) {
  RecurrentForward counted = call;
  counted.scratch = nullptr;
  return Scratch(counted, 0, ranks).size;
}

}  // namespace GATEWISE_TARGET
}  // namespace gatewise
