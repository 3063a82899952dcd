/** Shops as documents, for the cases of every source: with the fields side by side, or within one that is not there yet. */
import type { Db, Document } from 'mongodb'
import { mongoCollection } from '../../adapters/mongo/index.ts'
import { columnsOfShops, type Shop, type ShopPlace, type ShopRow } from './source-cases.ts'

const { id: _, ...flat } = columnsOfShops

export function shopPlace(db: Db, isNested: boolean): ShopPlace {
  const pathOf = (field: string) => (isNested ? `work.of.${field}` : field)
  const columns = { ...columnsOfShops }
  for (const [column, field] of Object.entries(flat)) Reflect.set(columns, column, pathOf(field))
  let made = 0

  return {
    async table(shops: readonly Shop[]) {
      const collection = `shop ${++made}`
      const own = db.collection(collection)
      await own.createIndex({ id: 1 }, { unique: true })
      await own.insertMany(shops.map((shop) => ({ ...shop })))
      return {
        source: ({ whereDearerThan: least } = {}) =>
          mongoCollection<ShopRow>(db, {
            collection,
            ...columns,
            ...(least !== undefined && { where: { price: { $gt: least } } }),
          }),
        async rows() {
          const documents = await own.find({}, { sort: { id: 1 } }).toArray()
          return documents.map(({ _id, work, ...rest }) => {
            const fields: Document = isNested ? (work?.of ?? {}) : rest
            const nothingYet = Object.fromEntries(Object.values(flat).map((field) => [field, null]))
            return { ...rest, ...nothingYet, ...fields } as unknown as ShopRow
          })
        },
        setTries: async (id, tries) =>
          void (await own.updateOne({ id }, { $set: { [pathOf('reservation_times')]: tries } })),
        setPrice: async (id, price) => void (await own.updateOne({ id }, { $set: { price } })),
        remove: async (id) => void (await own.deleteOne({ id })),
      }
    },
  }
}
