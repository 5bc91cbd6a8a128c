internal import Messages
internal import Values

/// Decides what an execution does where it stands. It knows no clock, no database and no other service: what they say
/// are arguments.
///
/// ```
///              action                              answered
///  on a step ──────────▶ wait, read, send, update ──────────▶ settlement: on the next step, waiting, ended, or again
/// ```
struct StepMachine: Sendable {
  /// Steps that one execution takes at most: an endless round with waits ends, too, some day.
  static let mostSteps = 10_000

  let version: ScenarioVersion

  /// What is to be done before it can go on.
  enum Action: Sendable, Hashable {
    /// Nothing more: this is what came of it.
    case settle(Settlement)
    /// Read the profile, then ask ``decide(_:profile:at:)``.
    case readProfile(AutomationV1.BranchStep)
    /// Send a campaign.
    case send(campaign: String)
    /// Write fields of the profile.
    case update([String: TypeV1.Value])
  }

  /// What came of standing on a step; it is stored in one statement.
  enum Settlement: Sendable, Hashable {
    /// The step is taken. An empty step is the end.
    case moved(to: String, outcome: String)
    /// The wait has begun.
    case waiting(until: Timestamp)
    /// A peer is away: the same step again, at a time.
    case again(at: Timestamp)
    /// The step can never succeed.
    case failed(String)
    /// The profile is gone.
    case left
  }

  /// What to do where an execution stands.
  func action(for execution: ExecutionRecord, at moment: Condition.Moment) -> Action {
    guard execution.taken < Self.mostSteps else {
      return .settle(.failed("It took \(Self.mostSteps) steps, which is the most."))
    }
    guard let step = version.step(execution.step) else {
      return .settle(.failed("Its version has no step “\(execution.step)”."))
    }
    switch step.kind {
    case .wait(let wait):
      if execution.state == .waiting { return .settle(.moved(to: step.next, outcome: "waited")) }
      let duration = wait.duration ?? .init()
      let length = Duration.seconds(duration.seconds) + .nanoseconds(duration.nanos)
      return .settle(.waiting(until: moment.now.advanced(by: length)))
    case .branch(let branch):
      if case .profileField = branch.condition?.subject { return .readProfile(branch) }
      return .settle(decide(branch, on: execution.values, at: moment))
    case .send(let send): return .send(campaign: send.campaign)
    case .updateProfile(let update): return .update(update.fields)
    case nil: return .settle(.failed("The step “\(step.id)” does nothing that this version knows."))
    }
  }

  /// Which way a branch goes.
  ///
  /// - Parameter values: of the profile or of the trigger, as the condition asks.
  func decide(
    _ branch: AutomationV1.BranchStep, on values: [String: TypeV1.Value], at moment: Condition.Moment
  ) -> Settlement {
    let asked = branch.condition ?? .init()
    let id =
      switch asked.subject {
      case .triggerValue(let id), .profileField(let id): id
      case nil: ""
      }
    let condition = Condition(
      comparison: asked.comparison ?? .init(), type: version.subjects.type(of: asked.subjectName))
    return condition.holds(for: values[id], at: moment)
      ? .moved(to: branch.then, outcome: "then") : .moved(to: branch.otherwise, outcome: "otherwise")
  }

  /// What follows a step that is done.
  func done(_ execution: ExecutionRecord, outcome: String) -> Settlement {
    .moved(to: version.step(execution.step)?.next ?? "", outcome: outcome)
  }
}
