/// The place of one connection in its lane: how the connection tells the lane what became of it.
final class LaneSlot: Sendable {
  let lane: SharedLane
  let index: Int
  let generation: Int
  private let loss: AsyncStream<Never>
  private let lossSignal: AsyncStream<Never>.Continuation

  init(lane: SharedLane, index: Int, generation: Int) {
    self.lane = lane
    self.index = index
    self.generation = generation
    (loss, lossSignal) = AsyncStream.makeStream()
  }

  /// A call on the connection ended.
  func ended() { lane.ended(self) }

  /// The connection is gone; called once.
  func lost() {
    lane.lost(self)
    lossSignal.finish()
  }

  /// Waits until the connection is gone.
  func untilLost() async {
    for await _ in loss {}
  }
}
