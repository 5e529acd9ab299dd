#include "core/recurrent/stream.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "core/kernels.h"

namespace gatewise {

namespace {

// A table of all symbols' sums is made where it is no larger than this; else a step multiplies.
constexpr size_t kLargestTable = size_t{1} << 22;
// A step reads each weight once, which takes about as long as so many multiplications.
constexpr double kReading = 4.0;
// Tokens that are generated in one region at least, in the usual case.
constexpr double kTokensARegion = 8.0;

// Runs work, of `count` equal parts, with as many ranks as has been the fastest way.
template <typename Work>
void timed(Pace& pace, int ranks, int count, const Work& work) {
  if (ranks == 1)
    return in_parallel(1, work);
  const int chosen = pace.choose(ranks);
  const auto start = std::chrono::steady_clock::now();
  in_parallel(chosen, work);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  pace.took(chosen, seconds.count() / count);
}

int gates(Cell cell) {
  return cell == Cell::lstm ? 4 : 1;
}

}  // namespace

Stream::Stream(const Kernels& kernels, int threads, int batch, const std::vector<StreamWeights>& layers,
               const float* embedding, int symbols, const StreamLinear* head)
    : kernels_(kernels), batch_(batch), symbols_(symbols), outputs_(layers.back().hidden) {
  double weights = 0.0;
  for (const StreamWeights& given : layers) {
    add_layer(given);
    weights += static_cast<double>(given.hidden) * (given.features + given.hidden) * gates(given.cell);
  }
  if (embedding) {
    const StreamStep& first = layers_.front().step;
    const size_t table =
        static_cast<size_t>(symbols) * kernels.stream_packed_size(first.cell, first.hidden, 1);
    if (table <= kLargestTable) {
      table_ = aligned_floats(table);
    } else {
      embedding_ = aligned_floats(static_cast<size_t>(symbols) * static_cast<size_t>(first.features));
      gathered_ = aligned_floats(static_cast<size_t>(batch) * static_cast<size_t>(first.features));
    }
  }
  if (head) {
    add_head(*head);
    weights += static_cast<double>(head->inputs) * head->outputs;
  }
  if (embedding && head && batch == 1) {
    logits_ = aligned_floats(static_cast<size_t>(outputs_));
    chooser_ = std::make_unique<Chooser>(kernels, outputs_);
  }
  const double reading = weights * std::max(kReading, static_cast<double>(batch));
  ranks_ = worth_threads(threads, reading);
  generating_ranks_ = worth_threads(threads, reading * kTokensARegion);
  in_parallel(ranks_, [&](const Rank& rank) { pack(layers, embedding, head, rank); });
}

// Makes room for a layer's packed weights and its states, which begin at zero.
void Stream::add_layer(const StreamWeights& given) {
  Layer layer;
  const auto hidden = static_cast<size_t>(given.hidden), states = hidden * static_cast<size_t>(batch_);
  const size_t input = kernels_.stream_packed_size(given.cell, given.hidden, given.features);
  const size_t recurrent = kernels_.stream_packed_size(given.cell, given.hidden, given.hidden);
  const size_t row = kernels_.stream_packed_size(given.cell, given.hidden, 1);
  layer.weights = aligned_floats(input + recurrent + row + (given.peephole ? 3 * hidden : 0));
  layer.states = aligned_floats(3 * states);
  std::fill_n(layer.states.get(), 3 * states, 0.0f);
  layer.packed_ih = layer.weights.get();
  layer.packed_hh = layer.packed_ih + input;
  layer.bias = layer.packed_hh + recurrent;
  layer.peephole = given.peephole ? layer.bias + row : nullptr;
  StreamStep& step = layer.step = {};
  step.cell = given.cell;
  step.activation = given.activation;
  step.batch = batch_;
  step.features = given.features;
  step.hidden = given.hidden;
  step.rate_h = given.rate_h;
  step.rate_c = given.rate_c;
  step.packed_ih = layer.packed_ih;
  step.packed_hh = layer.packed_hh;
  step.bias = layer.bias;
  step.peephole = layer.peephole;
  step.h_old = layer.states.get();
  step.h_new = layer.states.get() + states;
  step.c = given.cell == Cell::lstm ? layer.states.get() + 2 * states : nullptr;
  layers_.push_back(std::move(layer));
}

void Stream::add_head(const StreamLinear& head) {
  const size_t packed = kernels_.linear_packed_size(head.inputs, head.outputs);
  head_ = aligned_floats(packed + (head.bias ? static_cast<size_t>(head.outputs) : 0));
  linear_ = {};
  linear_.batch = batch_;
  linear_.inputs = head.inputs;
  linear_.outputs = head.outputs;
  linear_.packed = head_.get();
  linear_.bias = head.bias ? head_.get() + packed : nullptr;
  outputs_ = head.outputs;
}

// Copies all weights into the room made for them, by all ranks of a region.
void Stream::pack(const std::vector<StreamWeights>& layers, const float* embedding, const StreamLinear* head,
                  const Rank& rank) {
  for (size_t k = 0; k < layers.size(); ++k) {
    const StreamWeights& given = layers[k];
    const Layer& layer = layers_[k];
    kernels_.stream_pack(given.cell, given.weight_ih, given.hidden, given.features, layer.packed_ih, rank);
    kernels_.stream_pack(given.cell, given.weight_hh, given.hidden, given.hidden, layer.packed_hh, rank);
    kernels_.stream_pack(given.cell, given.bias, given.hidden, 1, layer.bias, rank);
    if (layer.peephole && rank.index == 0)
      std::memcpy(layer.peephole, given.peephole, 3 * static_cast<size_t>(given.hidden) * sizeof(float));
  }
  if (head) {
    kernels_.linear_pack(head->weight, head->inputs, head->outputs, head_.get(), rank);
    if (head->bias && rank.index == 0)
      std::memcpy(const_cast<float*>(linear_.bias), head->bias,
                  static_cast<size_t>(outputs_) * sizeof(float));
  }
  if (embedding_) {
    const auto features = static_cast<size_t>(layers_.front().step.features);
    const auto first = static_cast<size_t>(rank.begin(symbols_)),
               last = static_cast<size_t>(rank.end(symbols_));
    std::memcpy(embedding_.get() + first * features, embedding + first * features,
                (last - first) * features * sizeof(float));
  }
  rank.wait();
  if (table_)
    kernels_.stream_table(layers_.front().step, embedding, symbols_, table_.get(), rank);
}

void Stream::step(const float* x, float* y) {
  arrange(x, nullptr, y);
  run(y);
}

void Stream::step_tokens(const int32_t* tokens, float* y) {
  arrange_tokens(tokens, y);
  run(y);
}

void Stream::generate(int32_t token, const double* uniforms, int count, const Sampling& sampling,
                      int32_t* chosen) {
  if (count == 0)
    return;
  // One region for all: a rank that waits for the others takes less time than waking them for each token.
  const auto work = [&](const Rank& rank) {
    for (int k = 0; k < count; ++k) {
      if (rank.index == 0)
        arrange_tokens(k ? chosen + k - 1 : &token, logits_.get());
      rank.wait();
      advance(rank);
      rank.wait();
      if (rank.index == 0) {
        chosen[k] = chooser_->choose(sampling, logits_.get(), uniforms[k]);
        turn();
      }
    }
  };
  timed(generating_, generating_ranks_, count, work);
}

void Stream::arrange_tokens(const int32_t* tokens, float* y) {
  if (table_)
    return arrange(nullptr, tokens, y);
  const auto features = static_cast<size_t>(layers_.front().step.features);
  for (int row = 0; row < batch_; ++row) {
    std::memcpy(gathered_.get() + static_cast<size_t>(row) * features,
                embedding_.get() + static_cast<size_t>(tokens[row]) * features, features * sizeof(float));
  }
  arrange(gathered_.get(), nullptr, y);
}

void Stream::arrange(const float* x, const int32_t* tokens, float* y) {
  const float* below = x;
  for (Layer& layer : layers_) {
    layer.step.x = below;
    layer.step.table = below ? nullptr : table_.get();
    layer.step.tokens = tokens;
    below = layer.step.h_new;
  }
  linear_.x = below;
  linear_.y = y;
}

void Stream::advance(const Rank& rank) const {
  for (const Layer& layer : layers_) {
    kernels_.stream_step(layer.step, rank);
    rank.wait();
  }
  if (head_)
    kernels_.linear_step(linear_, rank);
}

void Stream::turn() {
  for (Layer& layer : layers_) {
    float* read = const_cast<float*>(layer.step.h_old);
    layer.step.h_old = layer.step.h_new;
    layer.step.h_new = read;
    // To and fro: the weights that were read last are still in the caches, so the next step begins with them.
    layer.step.backwards = !layer.step.backwards;
  }
  linear_.backwards = !linear_.backwards;
}

void Stream::run(float* y) {
  const auto work = [this](const Rank& rank) { advance(rank); };
  timed(stepping_, ranks_, 1, work);
  turn();
  if (!head_)
    std::memcpy(y, h(layers() - 1),
                static_cast<size_t>(batch_) * static_cast<size_t>(outputs_) * sizeof(float));
}

float* Stream::h(int layer) {
  return const_cast<float*>(layers_[static_cast<size_t>(layer)].step.h_old);
}

float* Stream::c(int layer) {
  return layers_[static_cast<size_t>(layer)].step.c;
}

}  // namespace gatewise
