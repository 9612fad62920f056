/**
 * What is known to be wrong is reported where it is, at the step of the routine that causes it, and not in the designs
 * that do not have it.
 */
import { expect } from 'chai'
import { ALL, KNOWN, runOf } from './known.ts'

describe('what is known to be wrong', () => {
  for (const known of KNOWN) {
    for (const design of ALL.filter((one) => known.designs.includes(one)))
      it(`is reported: ${known.id} in ${design.name}: ${known.what}`, () => {
        const watched = runOf(known, design)
        for (const [id, call, place, subject] of known.breaks) {
          const found = watched.of(id)
          expect(found, `${id} among ${watched.ids.join(' ')}`).to.include({ call, subject })
          if (place !== '') expect(found?.place, id).to.equal(place)
          expect(found?.source, id).to.match(/\w/)
        }
        const wanted = [...known.breaks.map(([id]) => id), ...(known.also ?? [])]
        expect(watched.ids.filter((id) => !wanted.includes(id))).to.deep.equal([])
      })

    for (const design of ALL.filter((one) => !known.designs.includes(one)))
      it(`is not reported where it is not: ${known.id} in ${design.name}`, () => {
        const { ids } = runOf(known, design)
        expect(known.breaks.map(([id]) => id).filter((id) => ids.includes(id))).to.deep.equal([])
      })
  }
})
