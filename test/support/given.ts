/**
 * Tests of a machine: `given(inputs).when(input).yields(place, …events)`, and the whole of its life as a table.
 * It is not called `then`, which would make a thenable.
 */
import { expect } from 'chai'
import { Defect } from '../../events/defect.ts'
import type { CompiledMachine, StepResult } from '../../src/engine/compile.ts'

type Input = { readonly type: string }
type Emitted = { readonly type: string }

/** An event in full, or its type alone. */
type Wanted<Event extends Emitted> = Event | Event['type']

export type Given<In extends Input, Event extends Emitted> = (...inputs: readonly In[]) => {
  when(input: In): {
    /** Where the machine stands then, and what it has emitted, in order. */
    yields(place: string, ...events: readonly Wanted<Event>[]): void
    /** The code of the defect that the input is. */
    isRefused(code: string): void
  }
}

/** Starts `machine` for each test anew. */
export function startedAt<In extends Input, Event extends Emitted, Context>(
  machine: CompiledMachine<In, Event, Context>,
  context: Context,
): Given<In, Event> {
  return (...inputs) => {
    const place = inputs.reduce((at, input) => machine.step(at, context, input).place, machine.initial)
    return {
      when: (input) => ({
        yields(wanted, ...events) {
          const { place: found, emitted } = machine.step(place, context, input)
          expect(machine.places[found]).to.equal(wanted)
          const seen = emitted.map((event, i) => (typeof events[i] === 'string' ? event.type : event))
          expect(seen).to.deep.equal(events)
        },
        isRefused(code) {
          expect(outcomeOf(() => machine.step(place, context, input))).to.equal(code)
        },
      }),
    }
  }
}

function outcomeOf<Event>(step: () => StepResult<Event>): StepResult<Event> | string {
  try {
    return step()
  } catch (error) {
    if (error instanceof Defect) return error.code
    throw error
  }
}

/**
 * Holds a machine to a table: a row for each place, a column for each input, in the cell the place that it leads to
 * or the code of the defect that it is. The table must have every place and every input that the machine names.
 *
 * @param inputs the input of each column.
 */
export function isTable<In extends Input, Event extends Emitted, Context>(
  machine: CompiledMachine<In, Event, Context>,
  context: Context,
  inputs: Readonly<Record<string, In>>,
  table: string,
): void {
  const [head = [], ...rows] = table
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
  const types = head.map((column) => inputs[column]?.type)
  const named = machine.places.flatMap((_, place) => machine.inputs(place))

  it('has a row for each place and a column for each input', () => {
    expect(rows.map(([place]) => place)).to.deep.equal(machine.places)
    expect(new Set(types)).to.deep.equal(new Set(named))
    for (const row of rows) expect(row, row[0]).to.have.length(head.length + 1)
  })
  for (const [place = '', ...cells] of rows)
    it(`at ${place} takes what the table says`, () => {
      const found = head.map((column) => {
        const outcome = outcomeOf(() => machine.step(machine.placeOf(place), context, inputs[column] as In))
        return typeof outcome === 'string' ? outcome : machine.places[outcome.place]
      })
      expect(found).to.deep.equal(cells)
    })
}
