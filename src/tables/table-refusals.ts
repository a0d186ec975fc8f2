import { WaymarkError } from '../model/errors.ts'
import { shownValue } from './refused-table.ts'

export const notATable = (given: unknown): WaymarkError =>
  new WaymarkError('invalid', {
    message: `table() cannot take ${shownValue(given)}`,
    means: 'Nothing was saved.',
    remedy: 'Give an array of plain objects, a Table of apache-arrow, or what gives rows or RecordBatches one by one.',
  })

export const schemaOfArrow = (): WaymarkError =>
  new WaymarkError('invalid', {
    message: 'table() cannot take a schema for an Arrow table, which has one',
    means: 'Nothing was saved.',
    remedy: 'Leave out the option, or make the Arrow table with the types you want.',
  })
