// A stack of recurrent layers, one step at a time, with all that can be made ready made ready: packed
// weights, the sums of each symbol, the state, and the memory to work in. A step allocates nothing.
//
// Contract
//   The constructor copies what it needs of the weights. A stream is used by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/memory.h"
#include "core/recurrent/recurrent.h"
#include "core/sampling.h"

namespace gatewise {

struct Kernels;

// One layer as it is given; the arrays are those of RecurrentLayer.
struct StreamWeights {
  Cell cell;
  Activation activation;
  int features;
  int hidden;
  float rate_h, rate_c;  // shares of the old state, of zoneout by expectation
  const float* weight_ih;
  const float* weight_hh;
  const float* bias;
  const float* peephole;  // null: none
};

// A linear layer: y = x weightᵀ + bias.
struct StreamLinear {
  int inputs, outputs;
  const float* weight;  // (outputs, inputs)
  const float* bias;    // (outputs); null: none
};

// One step of one layer, for the kernels.
struct StreamStep {
  Cell cell;
  Activation activation;
  int batch, features, hidden;
  float rate_h, rate_c;
  bool backwards;  // from the last panel of the weights to the first
  const float* packed_ih;
  const float* packed_hh;
  const float* bias;      // in the order of the packed columns, as many
  const float* peephole;  // null: none
  const float* x;         // (B, D); null: the sums of the input are rows of `table`
  const float* table;     // (V, packed columns), the bias included
  const int32_t* tokens;  // (B)
  const float* h_old;     // (B, H)
  float* h_new;           // (B, H)
  float* c;               // (B, H), the old state in, the new one out; RNN: unused
};

// One application of a linear layer to `batch` rows, for the kernels.
struct LinearStep {
  int batch, inputs, outputs;
  bool backwards;
  const float* packed;
  const float* bias;  // null: zero
  const float* x;     // (B, inputs)
  float* y;           // (B, outputs)
};

class Stream {
 public:
  // `embedding` (symbols, features of the first layer) lets step_tokens run, and `head` logits; both may be
  // null.
  Stream(const Kernels& kernels, int threads, int batch, const std::vector<StreamWeights>& layers,
         const float* embedding, int symbols, const StreamLinear* head);

  int batch() const { return batch_; }
  int features() const { return layers_.front().step.features; }
  int symbols() const { return symbols_; }
  int outputs() const { return outputs_; }
  bool can_generate() const { return chooser_ != nullptr; }
  int layers() const { return static_cast<int>(layers_.size()); }
  int hidden(int layer) const { return layers_[static_cast<size_t>(layer)].step.hidden; }

  // One step; y (batch, outputs) is the last layer's h, or the logits.
  void step(const float* x, float* y);
  void step_tokens(const int32_t* tokens, float* y);

  // For a batch of 1 with embedding and head: feeds `token`, chooses the next by uniforms[0], feeds that, and
  // so on; fills chosen (count).
  void generate(int32_t token, const double* uniforms, int count, const Sampling& sampling, int32_t* chosen);

  // The state of a layer, (batch, hidden) each, to be read and written between steps; c is null for the RNN.
  float* h(int layer);
  float* c(int layer);

 private:
  struct Layer {
    StreamStep step;
    Floats weights, states;
    float *packed_ih, *packed_hh, *bias, *peephole;  // in weights; peephole null: none
  };

  void add_layer(const StreamWeights& given);
  void add_head(const StreamLinear& head);
  void pack(const std::vector<StreamWeights>& layers, const float* embedding, const StreamLinear* head,
            const Rank& rank);

  // Points the layers at their inputs for the next step, on tokens or on x.
  void arrange(const float* x, const int32_t* tokens, float* y);
  void arrange_tokens(const int32_t* tokens, float* y);
  // One step, by all ranks of a region.
  void advance(const Rank& rank) const;
  // What was written is what the next step reads.
  void turn();
  void run(float* y);

  const Kernels& kernels_;
  int batch_, symbols_, outputs_, ranks_, generating_ranks_;
  Pace stepping_, generating_;
  std::vector<Layer> layers_;
  Floats table_, embedding_, gathered_, head_, logits_;
  std::unique_ptr<Chooser> chooser_;
  LinearStep linear_{};
};

}  // namespace gatewise
