// Back-propagation through time, compiled once for each instruction set. The contract is recurrent.h; the
// equations stand in ops/cell.py.
#include "core/kernels.h"
#include "core/recurrent/weight_gradients.h"

namespace gatewise {
namespace GATEWISE_TARGET {
namespace {

// What reaches h of the step itself; where zoneout kept the old one, its share is left in `dh`.
GATEWISE_INLINE Vec hidden_gradient(const RecurrentLayer& layer, const Place& place, int unit, int n) {
  const Vec dh = load(place.dh + unit, n) + load(place.dy + unit, n);
  if (!layer.zoneout_h)
    return dh;
  const Vec old = kept_share(layer.zoneout_h, 0.0f, place.units + unit, n) * dh;
  store(place.dh + unit, old, n);
  return dh - old;
}

// One row's gates become the gradients of their sums, and dc that of the step before (LSTMCell.backward).
GATEWISE_INLINE void lstm_row(const RecurrentLayer& layer, const Place& place, bool seen, int first,
                              int last) {
  const auto H = static_cast<size_t>(layer.hidden);
  const float* peephole = layer.peephole;
  for (int unit = first; unit < last; unit += kLanes) {
    const int n = smaller(kLanes, last - unit);
    float* gates = place.gates + unit;
    const Vec i = load(gates, n), f = load(gates + H, n);
    const Vec g = load(gates + 2 * H, n), o = load(gates + 3 * H, n);
    const Vec c_prev = load(place.c_old + unit, n);
    const Vec dh = hidden_gradient(layer, place, unit, n);
    Vec c = load(place.c_new + unit, n), dc = load(place.dc + unit, n), dc_old = {};
    if (layer.zoneout_c) {
      c = f * c_prev + i * g;  // before zoneout
      dc_old = kept_share(layer.zoneout_c, 0.0f, place.units + unit, n) * dc;
      dc -= dc_old;
    }
    const bool squash = layer.activation == Activation::tanh;
    const Vec squashed = squash ? tanh(c) : c;
    const Vec dz_o = dh * squashed * (o * (1.0f - o));
    dc += squash ? dh * o * (1.0f - squashed * squashed) : dh * o;
    if (peephole)
      dc += dz_o * load(peephole + 2 * H + unit, n);
    const Vec dz_i = dc * g * (i * (1.0f - i));
    const Vec dz_f = dc * c_prev * (f * (1.0f - f));
    const Vec dz_g = dc * i * (1.0f - g * g);
    dc_old += dc * f;
    if (peephole)
      dc_old += dz_i * load(peephole + unit, n) + dz_f * load(peephole + H + unit, n);
    store(gates, dz_i, n);
    store(gates + H, dz_f, n);
    store(gates + 2 * H, dz_g, n);
    store(gates + 3 * H, dz_o, n);
    store(place.dc + unit, seen ? dc_old : Vec{}, n);
  }
}

GATEWISE_INLINE Vec slope(Activation activation, Vec y) {
  switch (activation) {
    case Activation::tanh:
      return 1.0f - y * y;
    case Activation::sigmoid:
      return y * (1.0f - y);
    case Activation::relu:
      return select(y > 0.0f, fill(1.0f), Vec{});
    default:
      return fill(1.0f);
  }
}

GATEWISE_INLINE void rnn_row(const RecurrentLayer& layer, const Place& place, int first, int last) {
  for (int unit = first; unit < last; unit += kLanes) {
    const int n = smaller(kLanes, last - unit);
    const Vec y = load(place.gates + unit, n);
    store(place.gates + unit, hidden_gradient(layer, place, unit, n) * slope(layer.activation, y), n);
  }
}

// How the columns of the packed weight_hh are cut: by units, in at least as many panels as there are ranks.
Panels state_panels(const RecurrentBackward& call, int ranks) {
  const RecurrentLayer& layer = call.layer;
  const int most = call.by_units ? smaller(kPanel, ceil_div(ceil_div(layer.hidden, kLanes), ranks)) : kPanel;
  return {layer.gates() * layer.hidden, layer.hidden, most};
}

// dh of a row's units [first, last), of what came back through the sums and of what zoneout held.
void combine_hidden(const RecurrentBackward& call, const BackwardScratch& scratch, int t, int row, int first,
                    int last) {
  const RecurrentLayer& layer = call.layer;
  const size_t state = static_cast<size_t>(row) * layer.hidden;
  const bool seen = kept(layer, t, row);
  for (int unit = first; unit < last; unit += kLanes) {
    const int n = smaller(kLanes, last - unit);
    float* dh = call.dh + state + unit;
    Vec sum = load(scratch.through ? scratch.through + state + unit : dh, n);
    if (layer.recurrent_mask && !layer.mogrifier.rounds)
      sum *= load(layer.recurrent_mask + state + unit, n);
    if (layer.zoneout_h)
      sum += load(dh, n);
    store(dh, seen ? sum : Vec{}, n);
  }
}

// What reached a step's mogrified input and h' goes on to what the Mogrifier was handed, for the rows
// [first, end): to call.dx and `BackwardScratch::through`.
void mogrifier_back(const RecurrentBackward& call, const BackwardScratch& scratch, const Moment& moment,
                    int first, int end) {
  const RecurrentLayer& layer = call.layer;
  const auto H = static_cast<size_t>(layer.hidden), width = H * layer.gates();
  const auto h_seen = [&](int row) {
    return kept(layer, moment.t, row) ? call.h + (moment.before * layer.batch + row) * H : scratch.zeros;
  };
  for (int begin = first; begin < end; begin += kRowBlock) {
    const int rows = smaller(kRowBlock, end - begin);
    const float* dz[kRowBlock];
    float* dx[kRowBlock];
    for (int k = 0; k < rows; ++k) {
      float* dh = scratch.through + (begin + k) * H;
      if (layer.recurrent_mask)
        multiply_into(dh, dh, layer.recurrent_mask + (begin + k) * H, layer.hidden);
      dz[k] = call.gates + at(layer, moment.t, begin + k, width);
      dx[k] = call.dx + at(layer, moment.t, begin + k, static_cast<size_t>(layer.features));
    }
    product(dz, dx, rows, Panels(static_cast<int>(width), layer.features), scratch.packed_ih, Start::zero);
    mogrify_back(layer, moment, begin, rows, h_seen, scratch.packed_rounds, call.dx, scratch.through,
                 scratch.round);
  }
}

// One step back for the rows [first, end) and the rank's panels; `BackwardScratch::through` takes what needs
// another look.
void step_back(const RecurrentBackward& call, const BackwardScratch& scratch, const Moment& moment, int first,
               int end, const Rank& rank) {
  const RecurrentLayer& layer = call.layer;
  const auto H = static_cast<size_t>(layer.hidden);
  const Panels panels = state_panels(call, rank.count);
  const int first_panel = call.by_units ? rank.begin(panels.count()) : 0;
  const int last_panel = call.by_units ? rank.end(panels.count()) : panels.count();
  const int first_unit = smaller(layer.hidden, panels.first_column(first_panel));
  const int last_unit = smaller(layer.hidden, panels.first_column(last_panel));
  for (int row = first; row < end; ++row) {
    const bool seen = kept(layer, moment.t, row);
    const Place place(call, scratch, moment, row, seen);
    if (layer.cell == Cell::lstm)
      lstm_row(layer, place, seen, first_unit, last_unit);
    else
      rnn_row(layer, place, first_unit, last_unit);
  }
  if (call.by_units)
    rank.wait();
  for (int begin = first; begin < end; begin += kRowBlock) {
    const int rows = smaller(kRowBlock, end - begin);
    const float* dz[kRowBlock];
    float* dh[kRowBlock];
    for (int k = 0; k < rows; ++k) {
      dz[k] = call.gates + at(layer, moment.t, begin + k, H * layer.gates());
      dh[k] = (scratch.through ? scratch.through : call.dh) + (begin + k) * H;
    }
    product(dz, dh, rows, panels, first_panel, last_panel, scratch.packed_hh, Start::zero, nullptr,
            layer.batch == 1);
  }
  if (layer.mogrifier.rounds)
    mogrifier_back(call, scratch, moment, first, end);
  for (int row = first; row < end && (scratch.through || layer.keep); ++row)
    combine_hidden(call, scratch, moment.t, row, first_unit, last_unit);
}

// dx of some rows: the gradients of the sums times weight_ih.
void input_gradient(const RecurrentBackward& call, const BackwardScratch& scratch, const float* const* dz,
                    float* const* dx, int rows) {
  const RecurrentLayer& layer = call.layer;
  product(dz, dx, rows, Panels(layer.gates() * layer.hidden, layer.features), scratch.packed_ih,
          call.add_to_dx ? Start::result : Start::zero);
}

// Collects rows for `input_gradient`, block by block.
class InputGradients {
 public:
  InputGradients(const RecurrentBackward& call, const BackwardScratch& scratch)
      : call_(call), scratch_(scratch) {}
  ~InputGradients() { flush(); }
  InputGradients(const InputGradients&) = delete;
  InputGradients& operator=(const InputGradients&) = delete;

  void add(int t, int row) {
    const RecurrentLayer& layer = call_.layer;
    dz_[count_] = call_.gates + at(layer, t, row, static_cast<size_t>(layer.gates()) * layer.hidden);
    dx_[count_] = call_.dx + at(layer, t, row, static_cast<size_t>(layer.features));
    if (++count_ == kRowBlock)
      flush();
  }

 private:
  void flush() {
    input_gradient(call_, scratch_, dz_, dx_, count_);
    count_ = 0;
  }

  const RecurrentBackward& call_;
  const BackwardScratch& scratch_;
  const float* dz_[kRowBlock];
  float* dx_[kRowBlock];
  int count_ = 0;
};

// All steps back for the rank's share; without tokens dx too, by rows as long as the gradients of the sums
// are near.
void walk_back(const RecurrentBackward& call, const BackwardScratch& scratch, const Share& share,
               const Rank& rank) {
  const RecurrentLayer& layer = call.layer;
  const auto width = static_cast<size_t>(layer.gates()) * layer.hidden;
  const bool input = call.dx && !layer.tokens && !layer.mogrifier.rounds;
  InputGradients inputs(call, scratch);
  for (int turn = layer.steps - 1; turn >= 0; --turn) {
    const Moment moment(layer, turn);
    const int end = live_end(layer, moment.t, share.first, share.last);
    step_back(call, scratch, moment, share.first, end, rank);
    if (end < share.last && (rank.index == 0 || !call.by_units)) {
      std::memset(call.gates + at(layer, moment.t, end, width), 0,
                  static_cast<size_t>(share.last - end) * width * sizeof(float));
    }
    for (int row = share.first; input && !call.by_units && row < end; ++row)
      inputs.add(moment.t, row);
  }
  if (!input || !call.by_units)
    return;
  rank.wait();
  for (int place = rank.begin(layer.steps * layer.batch); place < rank.end(layer.steps * layer.batch);
       ++place) {
    const int t = place / layer.batch, row = place % layer.batch;
    if (row < live_end(layer, t, 0, layer.batch))
      inputs.add(t, row);
  }
}

}  // namespace

void recurrent_backward(const RecurrentBackward& call, const Rank& rank) {
  const RecurrentLayer& layer = call.layer;
  const int width = layer.gates() * layer.hidden;
  const BackwardScratch scratch(call, rank.index, rank.count);
  const auto pack = [&](const float* weights, const Panels& panels, float* packed) {
    pack_matrix(weights, panels, rank.begin(panels.count()), rank.end(panels.count()), packed);
  };
  pack(layer.weight_hh, state_panels(call, rank.count), scratch.packed_hh);
  if (call.dx)
    pack(layer.weight_ih, Panels(width, layer.features), scratch.packed_ih);
  pack_rounds(layer, rank, false, scratch.packed_rounds);
  if (rank.index == 0)
    std::memset(scratch.zeros, 0, static_cast<size_t>(layer.hidden) * sizeof(float));
  rank.wait();
  walk_back(call, scratch, share_of(call, rank.index), rank);
  rank.wait();
  const int first = rank.begin(width), last = rank.end(width);
  weight_gradients(call, scratch, first, last);
  if (call.dpeephole)
    peephole_gradients(call, scratch, rank.begin(layer.hidden), rank.end(layer.hidden));
  if (!layer.tokens)
    return;
  add_to_symbols(call, scratch, first, last);
  symbol_gradients(call, scratch, first, last);
  if (!call.dx)
    return;
  rank.wait();
  const float* dz[kRowBlock];
  float* dx[kRowBlock];
  for (int begin = rank.begin(layer.symbols); begin < rank.end(layer.symbols); begin += kRowBlock) {
    const int rows = smaller(kRowBlock, rank.end(layer.symbols) - begin);
    for (int k = 0; k < rows; ++k) {
      dz[k] = scratch.dtable + static_cast<size_t>(begin + k) * width;
      dx[k] = call.dx + static_cast<size_t>(begin + k) * layer.features;
    }
    input_gradient(call, scratch, dz, dx, rows);
  }
}

size_t recurrent_backward_scratch(const RecurrentBackward& call, int ranks) {
  RecurrentBackward counted = call;
  counted.scratch = nullptr;
  return BackwardScratch(counted, 0, ranks).size;
}

}  // namespace GATEWISE_TARGET
}  // namespace gatewise
