//! STUB
pub async fn verify(_: &sea_orm::DatabaseConnection) -> Result<Vec<String>, sea_orm::DbErr> {
    Ok(vec![])
}
